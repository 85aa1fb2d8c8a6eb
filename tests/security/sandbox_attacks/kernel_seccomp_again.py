"""Load a filter of our own with a listener.

falls without: seccomp
machine: x86_64
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
instructions = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))
program = struct.pack("HxxxxxxP", 1, ctypes.addressof(instructions))
if libc.syscall(317, 1, 8, program) >= 0:
    print("GOT a listener")

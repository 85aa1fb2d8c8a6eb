"""Name a file by a handle that works anywhere.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
handle, mount = ctypes.create_string_buffer(struct.pack("I", 128), 136), ctypes.create_string_buffer(4)
if libc.syscall(303, -100, b".", handle, mount, 0) >= 0:
    print("GOT a handle")

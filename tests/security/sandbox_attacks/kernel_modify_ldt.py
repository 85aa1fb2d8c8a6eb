"""Make a segment of our own.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
entry = struct.pack("IIII", 1, 0, 0xFFFFF, 0b1010001)
if libc.syscall(154, 1, entry, 16) >= 0:
    print("GOT a segment")

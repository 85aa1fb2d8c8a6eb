"""Make a socket with an x32 call.

falls without: nothing: this kernel knows no x32
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

if libc.syscall(0x40000000 + 41, 1, 1, 0) >= 0:
    print("GOT a socket")

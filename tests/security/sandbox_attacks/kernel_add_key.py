"""Keep a key in the kernel.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(248, b"user", b"name", b"value", 5, -2) >= 0:
    print("GOT a key")

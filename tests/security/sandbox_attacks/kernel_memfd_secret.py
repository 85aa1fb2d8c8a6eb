"""Have memory that the kernel itself cannot see.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

if libc.syscall(447, 0) >= 0:
    print("GOT secret memory")

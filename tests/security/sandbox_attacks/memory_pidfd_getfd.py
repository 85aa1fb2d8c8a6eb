"""Take a descriptor out of another process.

falls without: seccomp, landlock
machine: x86_64
ends: SIGNALED 31
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(438, libc.syscall(434, int("@VICTIM@"), 0), 0, 0) >= 0:
    print("GOT a descriptor of another")

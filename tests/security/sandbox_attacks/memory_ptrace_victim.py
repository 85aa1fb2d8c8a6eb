"""Attach to a process of the host that is the same user's.

falls without: seccomp, landlock
machine: x86_64
ends: SIGNALED 31
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(101, 0x4206, int("@VICTIM@"), 0, 0) == 0:
    print("GOT hold of another process")

"""Attach to the keeper.

falls without: seccomp, landlock, keeper dumpable
tiers: T1
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(101, 0x4206, 1, 0, 0) == 0:
    print("GOT hold of the keeper")

"""Compare what two processes have.

falls without: seccomp, landlock
machine: x86_64
ends: SIGNALED 31
tiers: T0, T1
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(312, os.getpid(), int("@VICTIM@"), 1, 0, 0) >= 0:
    print("GOT a comparison")

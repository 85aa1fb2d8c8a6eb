"""Ask where the memory of another process lies.

falls without: seccomp, landlock
machine: x86_64
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(279, int("@VICTIM@"), 0, None, None, None, 0) == 0:
    print("GOT the place of memory")

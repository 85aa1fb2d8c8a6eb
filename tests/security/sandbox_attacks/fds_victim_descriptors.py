"""Take descriptors out of a process of the host.

falls without: seccomp, landlock, pidns, userns
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
victim = libc.syscall(434, int("@VICTIM@"), 0)  # pidfd_open
if victim >= 0 and libc.syscall(438, victim, 0, 0) >= 0:
    print("GOT its input")

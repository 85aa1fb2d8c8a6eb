"""Swap the root directory for another mount.

falls without: seccomp, landlock, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes
import os

WORK = os.environb[b"HOME"]

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(155, WORK, WORK) == 0:
    print("GOT a root directory of our own")

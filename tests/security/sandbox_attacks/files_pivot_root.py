"""Swap the root directory for another mount.

falls without: seccomp, landlock, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(155, b"/work", b"/work") == 0:
    print("GOT a root directory of our own")

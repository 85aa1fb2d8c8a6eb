"""Look at the session's keyring.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(250, 0, -3, 1) >= 0:
    print("GOT a keyring")

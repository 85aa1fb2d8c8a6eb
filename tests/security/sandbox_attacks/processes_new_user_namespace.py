"""Become the owner of a new user namespace.

falls without: seccomp
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000) < 0:
    raise OSError(ctypes.get_errno())
print("GOT a user namespace")

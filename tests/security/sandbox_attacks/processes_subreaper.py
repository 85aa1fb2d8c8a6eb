"""Become the parent of what others leave behind.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(36, 1, 0, 0, 0) < 0:
    raise OSError(ctypes.get_errno())
print("GOT a subreaper")

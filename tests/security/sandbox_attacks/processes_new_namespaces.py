"""Make namespaces of every kind.

falls without: seccomp
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x7E020000) < 0:
    raise OSError(ctypes.get_errno())
print("GOT namespaces")

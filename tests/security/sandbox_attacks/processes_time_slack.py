"""Set a privilege of timing for ourselves.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(29, 1, 0, 0, 0) < 0:
    raise OSError(ctypes.get_errno())
print("GOT another timer slack")

"""Let others of the same user look into our memory again.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(4, 1, 0, 0, 0) < 0:
    raise OSError(ctypes.get_errno())
print("GOT dumpable")

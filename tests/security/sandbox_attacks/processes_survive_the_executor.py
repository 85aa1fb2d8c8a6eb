"""Stop dying with the executor.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(1, 0, 0, 0, 0) < 0:
    raise OSError(ctypes.get_errno())
print("GOT independent of my parent")

"""Fork through the C library, past what Python does about it.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

child = libc.fork()
if child == 0:
    libc._exit(0)
if child > 0:
    print("GOT a child")

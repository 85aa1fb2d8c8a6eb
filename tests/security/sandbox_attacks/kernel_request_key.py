"""Have the kernel look for a key with a helper of the host.

falls without: nothing: the key does not exist
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(249, b"user", b"no such", None, 0) >= 0:
    print("GOT a key")

"""Make another directory the root.

falls without: nothing: the mounts belong to the host's root, and the working directory is none
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(155, b".", b".") >= 0:
    print("GOT another root")

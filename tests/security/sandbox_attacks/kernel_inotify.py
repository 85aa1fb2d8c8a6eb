"""Watch files.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(294, 0) >= 0:
    print("GOT a watch")

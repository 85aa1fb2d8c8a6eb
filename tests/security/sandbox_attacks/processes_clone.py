"""Clone a process with the raw call.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

child = libc.syscall(56, 17, 0, 0, 0, 0)
if child == 0:
    libc._exit(0)
if child > 0:
    print("GOT a child")

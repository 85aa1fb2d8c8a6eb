"""Clone a process whose end is told to nobody.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

child = libc.syscall(56, 0, 0, 0, 0, 0)
if child == 0:
    libc._exit(0)
if child > 0:
    print("GOT a child that nobody waits for")

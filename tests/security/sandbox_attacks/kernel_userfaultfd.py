"""Handle our own page faults, to hold the kernel up where we please.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(323, 1) >= 0:
    print("GOT a userfaultfd")

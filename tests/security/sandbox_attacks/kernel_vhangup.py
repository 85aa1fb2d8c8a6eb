"""Hang up the terminal.

falls without: nothing: only root of the host may
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(153) >= 0:
    print("GOT a hang-up")

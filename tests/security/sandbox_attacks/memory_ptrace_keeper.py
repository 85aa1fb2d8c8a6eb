"""Attach to the keeper.

falls without: nothing: the keeper can be traced by nobody, and in T0 process 1 is another's
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(101, 0x4206, 1, 0, 0) == 0:
    print("GOT hold of the keeper")

"""Make semaphores that others can use.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
made = libc.syscall(64, 0, 1, 0o1600)
if made >= 0:
    print("GOT semaphores")
    libc.syscall(66, made, 0, 0, 0)  # IPC_RMID

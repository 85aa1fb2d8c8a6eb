"""Make a queue of messages that others can use.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
made = libc.syscall(68, 0, 0o1600)
if made >= 0:
    print("GOT a queue")
    libc.syscall(71, made, 0, 0)  # IPC_RMID

"""Make a segment of shared memory.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
made = libc.syscall(29, 0, 4096, 0o1600)
if made >= 0:
    print("GOT a segment")
    libc.syscall(31, made, 0, 0)  # IPC_RMID

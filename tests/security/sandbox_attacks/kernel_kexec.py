"""Load another kernel.

falls without: nothing: only root of the host may, where the kernel has it at all
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(246, 0, 0, None, 0) >= 0:
    print("GOT a kernel")

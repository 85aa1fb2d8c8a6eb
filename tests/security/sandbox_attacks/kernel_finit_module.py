"""Load a module into the kernel from a file.

falls without: nothing: only root of the host may
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(313, 0, b"", 0) >= 0:
    print("GOT a module")

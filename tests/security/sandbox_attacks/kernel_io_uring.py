"""Make a ring through which calls pass no filter.

falls without: seccomp, limit on locked memory
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0:
    print("GOT an io_uring")

"""Be traced by our parent.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(101, 0, 0, 0, 0) == 0:
    print("GOT a tracer")

"""Choose where memory lies.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(238, 0, None, 0) >= 0:
    print("GOT a policy for memory")

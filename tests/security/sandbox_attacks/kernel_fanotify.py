"""Watch every file of a file system.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(300, 0x200, 0) >= 0:
    print("GOT a watch")

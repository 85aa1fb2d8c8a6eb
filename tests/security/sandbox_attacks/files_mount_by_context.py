"""Make a file system by the newer calls.

falls without: seccomp, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
handle = libc.syscall(430, b"tmpfs", 0)  # fsopen
if handle >= 0:
    print("GOT", handle)

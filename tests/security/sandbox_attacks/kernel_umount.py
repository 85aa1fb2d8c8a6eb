"""Take a mount away to see what lies below.

falls without: nothing: the mounts belong to the host's root, and copies of them are locked together
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(166, b"/tmp", 2) >= 0:
    print("GOT an unmount")

"""Put a mount in another place.

falls without: nothing: the mounts belong to the host's root, and copies of them are locked together
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(429, -100, b"/tmp", -100, b"/work", 0) >= 0:
    print("GOT a mount moved")

"""Mount a file system over the working directory.

falls without: seccomp, landlock, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", b"/work", b"tmpfs", 0, None) == 0:
    print("GOT a mount")

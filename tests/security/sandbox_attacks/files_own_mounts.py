"""Make a user namespace with every capability in it, and mount there.

falls without: seccomp, landlock
ends: SIGNALED 31
"""

import ctypes
import os

TMP = os.environb[b"TMPDIR"]

libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000 | 0x00020000) == 0 and libc.mount(b"none", TMP, b"tmpfs", 0, None) == 0:
    print("GOT a mount")

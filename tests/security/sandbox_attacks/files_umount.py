"""Take the working directory's mount away to see what lies beneath.

falls without: seccomp, landlock, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes
import os

WORK = os.environb[b"HOME"]

libc = ctypes.CDLL(None, use_errno=True)
if libc.umount2(WORK, 2) == 0:
    print("GOT a mount away")

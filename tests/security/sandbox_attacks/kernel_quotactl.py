"""Ask for the quotas of every disk.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(179, 0x800001 << 8 & 0xFFFFFFFF, None, 0, None) >= 0:
    print("GOT quotas")

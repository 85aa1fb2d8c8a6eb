"""Switch off the randomness of addresses.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(135, 0x0040000) >= 0:
    print("GOT another personality")

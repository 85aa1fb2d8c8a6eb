"""Halt the machine, with a wrong number in case it would.

falls without: nothing: the second number is none that the kernel takes
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(169, 0xFEE1DEAD - (1 << 32), 1, 0, None) >= 0:
    print("GOT a reboot")

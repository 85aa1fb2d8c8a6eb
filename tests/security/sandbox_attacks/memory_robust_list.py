"""Ask where another process keeps its locks, which is an address of its memory.

falls without: landlock
machine: x86_64
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
head, length = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
if libc.syscall(274, int("@VICTIM@"), head, length) == 0:
    print("GOT an address")

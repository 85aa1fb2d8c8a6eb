"""Lock memory, so that it can never be swapped.

falls without: seccomp, limit on locked memory
"""

import ctypes
import mmap

libc = ctypes.CDLL(None, use_errno=True)
taken = mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if libc.mlock(ctypes.byref(ctypes.c_char.from_buffer(taken)), 1 << 20) == 0:
    print("GOT locked memory")

"""Take 256 MiB from the C library, past Python.

falls without: limit on data, control group, memory watch
ends: MEMORY_EXCEEDED
"""

import ctypes
import time

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
for _ in range(256):
    block = libc.malloc(1 << 20)
    if not block:
        raise MemoryError
    ctypes.memset(block, 1, 1 << 20)
time.sleep(0.2)
print("GOT 256 MiB")

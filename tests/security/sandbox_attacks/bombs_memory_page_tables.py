"""Have the kernel keep tables for a large empty mapping: 512 MiB that nobody counts as ours.

falls without: control group, memory watch
ends: MEMORY_EXCEEDED
machine: x86_64
"""

import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
size, step = 256 << 30, 2 << 20  # a page of tables for every 2 MiB
start = libc.mmap(None, ctypes.c_size_t(size), 1, 0x4022, -1, ctypes.c_long(0))  # only to be read
for address in range(start, start + size, step):
    ctypes.c_char.from_address(address).value
time.sleep(0.2)
print("GOT", size // step * 4096 >> 20, "MiB of tables")

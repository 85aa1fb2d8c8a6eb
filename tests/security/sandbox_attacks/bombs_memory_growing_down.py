"""Take 256 MiB as a mapping that counts as a stack, which no limit on data counts.

falls without: control group, memory watch
ends: MEMORY_EXCEEDED
"""

import mmap
import time

taken = mmap.mmap(-1, 256 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)  # MAP_GROWSDOWN
for page in range(0, len(taken), 4096):
    taken[page] = 1
time.sleep(0.2)
print("GOT", len(taken) >> 20, "MiB")

"""Take 256 MiB as private pages.

falls without: limit on data, control group, memory watch
"""

import mmap
import time

taken = mmap.mmap(-1, 256 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(0, len(taken), 4096):
    taken[page] = 1
time.sleep(0.2)
print("GOT", len(taken) >> 20, "MiB")

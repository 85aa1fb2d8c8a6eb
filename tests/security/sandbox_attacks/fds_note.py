"""Grow the page that the executor reads the end's reason from.

falls without: descriptors
"""

import gc
import mmap
import os
import stat

for handle in range(3, 1025):
    try:
        status = os.fstat(handle)
        if stat.S_ISREG(status.st_mode) and status.st_size == mmap.PAGESIZE:
            os.ftruncate(handle, 1 << 20)
            print("GOT", os.fstat(handle).st_size)
    except OSError:
        pass

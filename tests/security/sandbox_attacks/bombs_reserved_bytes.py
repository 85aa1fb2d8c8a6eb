"""Reserve 64 MiB behind the end of a small file, which its size does not show.

falls without: quota
"""

import ctypes
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
handle = os.open("small", os.O_CREAT | os.O_WRONLY)
if libc.fallocate(handle, 1, ctypes.c_long(0), ctypes.c_long(64 << 20)):  # FALLOC_FL_KEEP_SIZE
    raise OSError(ctypes.get_errno(), "fallocate")
time.sleep(0.3)
print("GOT 64 MiB behind", os.path.getsize("small"), "bytes")

"""Set the clock.

falls without: nothing: only root of the host may, and this is no time
machine: x86_64
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(164, struct.pack("qq", 1, 1 << 40), None) >= 0:
    print("GOT another time")

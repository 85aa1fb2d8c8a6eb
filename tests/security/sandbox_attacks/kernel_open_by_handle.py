"""Open any file of a file system by a handle, past every directory.

falls without: nothing: only root of the host may
machine: x86_64
ends: SIGNALED 31
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
handle = struct.pack("Ii", 8, 1) + struct.pack("II", 2, 0)
if libc.syscall(304, -100, handle, 0) >= 0:
    print("GOT a file")

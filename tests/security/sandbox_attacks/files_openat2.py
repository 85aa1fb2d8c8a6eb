"""Open a file of the host by the newer call, whose flags lie in memory.

falls without: seccomp, landlock, root
"""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
how = struct.pack("QQQ", os.O_RDONLY, 0, 0)
handle = libc.syscall(437, -100, b"@SECRET@", how, len(how))
if handle < 0:
    raise OSError(ctypes.get_errno(), "openat2")
print("GOT", os.read(handle, 100))

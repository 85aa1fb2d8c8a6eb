"""Queue a signal with a value to another process.

falls without: seccomp, pidns, landlock
machine: x86_64
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)

information = struct.pack("iiiiii", 0, 0, -1, 0, 0, 0) + bytes(104)
if libc.syscall(129, int("@VICTIM@"), 0, information):
    raise OSError(ctypes.get_errno())
print("GOT a signal across")

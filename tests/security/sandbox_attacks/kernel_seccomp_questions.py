"""Ask what filters can do here.

falls without: seccomp
machine: x86_64
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(317, 2, 0, struct.pack("I", 0x7FFF0000)) >= 0:
    print("GOT an answer about filters")

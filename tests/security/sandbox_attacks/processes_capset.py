"""Raise every capability of our user namespace.

falls without: seccomp, capabilities
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
header, every = struct.pack("Ii", 0x20080522, 0), struct.pack("IIIIII", *(3 * [1 << 21]), 0, 0, 0)
if libc.capset(header, every) == 0:
    print("GOT CAP_SYS_ADMIN")

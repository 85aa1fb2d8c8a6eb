"""Make a BPF map.

falls without: nothing: this kernel gives BPF to nobody without a capability on the host
machine: x86_64
ends: SIGNALED 31
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(321, 0, struct.pack("IIII", 2, 4, 4, 1) + bytes(56), 72) >= 0:
    print("GOT a BPF map")

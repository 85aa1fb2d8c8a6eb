"""Count events of the processor.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
# a software clock of our own, without the kernel: what needs no privilege anywhere
event = struct.pack("IIQQQQQ", 1, 128, 0, 0, 0, 0, 0x60) + bytes(80)
if libc.syscall(298, event, 0, -1, -1, 0) >= 0:
    print("GOT a performance counter")

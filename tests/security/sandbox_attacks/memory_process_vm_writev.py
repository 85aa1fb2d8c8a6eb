"""Write to the memory of another process: back what is there.

falls without: seccomp, landlock
ends: SIGNALED 31
tiers: T0, T1
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
try:
    with open("/proc/@VICTIM@/maps") as maps:
        address = next(int(line.split("-")[0], 16) for line in maps if "[stack]" in line)
except OSError:
    address = 0x400000
there = struct.pack("PN", address, 4)
text = ctypes.create_string_buffer(4)
here = struct.pack("PN", ctypes.addressof(text), 4)
if libc.process_vm_writev(int("@VICTIM@"), here, 1, there, 1, 0) == 4:
    print("GOT into another process")

"""Read the memory of another process with the call for that.

falls without: seccomp, landlock
ends: SIGNALED 31
tiers: T0, T1
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
try:
    with open("/proc/@VICTIM@/maps") as maps:
        address = int(maps.readline().split("-")[0], 16)
except OSError:
    address = 0x400000
found = ctypes.create_string_buffer(4)
here, there = struct.pack("PN", ctypes.addressof(found), 4), struct.pack("PN", address, 4)
if libc.process_vm_readv(int("@VICTIM@"), here, 1, there, 1, 0) == 4:
    print("GOT", found.raw)

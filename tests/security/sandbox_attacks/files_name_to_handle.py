"""Learn the handle of a file of the host.

falls without: seccomp
tiers: T0, T1
ends: SIGNALED 31
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 8 + 128)
mount = ctypes.c_int()
if libc.syscall(303, -100, b"@SECRET@", handle, ctypes.byref(mount), 0) == 0:
    print("GOT", handle.raw[8:24].hex())

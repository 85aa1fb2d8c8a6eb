"""Have a capability left.

falls without: capabilities
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
header, held = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
libc.capget(header, held)
if any(held.raw):
    print("GOT capabilities", held.raw.hex())

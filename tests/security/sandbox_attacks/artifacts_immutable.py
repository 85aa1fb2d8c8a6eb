"""Leave a file that cannot be removed.

falls without: seccomp
"""

import fcntl
import os
import struct

handle = os.open("file", os.O_CREAT | os.O_RDWR)
flags = struct.unpack("l", fcntl.ioctl(handle, 0x80086601, bytes(8)))[0]  # FS_IOC_GETFLAGS
fcntl.ioctl(handle, 0x40086602, struct.pack("l", flags | 0x80))  # FS_IOC_SETFLAGS, no access times
print("GOT other flags of a file", flags)

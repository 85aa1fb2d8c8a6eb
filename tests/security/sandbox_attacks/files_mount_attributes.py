"""Take read-only off the root by mount_setattr.

falls without: seccomp, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
wanted = struct.pack("QQQQ", 0, 1, 0, 0)  # clear MOUNT_ATTR_RDONLY
libc.syscall(442, -100, b"/", 0, wanted, len(wanted))
if not os.statvfs("/").f_flag & os.ST_RDONLY:
    print("GOT a writable root")

"""Make the mount that holds the libraries writable.

falls without: seccomp, landlock, userns, nobody, capabilities
ends: SIGNALED 31
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.mount(None, b"/usr/lib", None, 0x1000 | 0x20, None)  # MS_BIND, MS_REMOUNT, and not read-only
if not os.statvfs("/usr/lib").f_flag & os.ST_RDONLY:
    print("GOT a writable library directory")

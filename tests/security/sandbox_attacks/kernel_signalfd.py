"""Read signals as a file.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(282, -1, ctypes.create_string_buffer(8), 8) >= 0:
    print("GOT signals")

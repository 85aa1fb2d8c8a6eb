"""Ask for a path by a number of the kernel's.

falls without: nothing: newer kernels have forgotten the call
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(212, 0, ctypes.create_string_buffer(64), 64) >= 0:
    print("GOT a path")

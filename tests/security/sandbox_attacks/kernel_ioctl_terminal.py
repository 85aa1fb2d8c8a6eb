"""Type into the terminal of whoever started us.

falls without: nothing: a sandbox has no terminal
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(16, 0, 0x5412, b"x") >= 0:
    print("GOT a keystroke")

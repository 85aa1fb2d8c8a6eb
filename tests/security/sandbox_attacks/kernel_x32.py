"""Call the kernel as an x32 program, whose calls have bit 30 set.

falls without: nothing: this kernel knows no x32
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

if libc.syscall(0x40000000 + 39) > 0:
    print("GOT an answer to an x32 call")

"""Read the kernel's messages.

falls without: nothing: whether everybody may is a setting of the machine
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(103, 10, None, 0) >= 0:
    print("GOT the kernel's messages")

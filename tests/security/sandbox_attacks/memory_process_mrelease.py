"""Have the kernel take the memory of a dying process.

falls without: nothing: the victim is not dying
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(448, libc.syscall(434, int("@VICTIM@"), 0), 0) >= 0:
    print("GOT the memory of another")

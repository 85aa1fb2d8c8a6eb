"""Signal a thread of another process.

falls without: seccomp, pidns, landlock
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

if libc.syscall(234, int("@VICTIM@"), int("@VICTIM@"), 0):
    raise OSError(ctypes.get_errno())
print("GOT a signal across")

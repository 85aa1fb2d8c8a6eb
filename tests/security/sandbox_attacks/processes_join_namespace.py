"""Enter a namespace of the keeper again, with a descriptor for it.

falls without: nothing: as root, namespaces belong to the root of the host
machine: x86_64
tiers: T1
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
keeper = libc.syscall(434, 1, 0)
if libc.setns(keeper, 0x04000000) < 0:
    raise OSError(ctypes.get_errno())
print("GOT into a namespace")

"""Signal the keeper through the descriptor that its namespaces were entered by.

falls without: keeper handle, seccomp, landlock
tiers: T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for handle in range(3, 64):
    if libc.syscall(424, handle, 0, None, 0) == 0:
        print("GOT", handle)

"""Leave a segment of shared memory.

falls without: seccomp, ipcns
tiers: T1, T0
again: yes
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
key = 0x5151AAA1
left = libc.shmget(key, 4096, 0)
if left >= 0:
    libc.shmctl(left, 0, None)
    print("GOT the memory of the last run")
else:
    libc.shmget(key, 4096, 0o1600)

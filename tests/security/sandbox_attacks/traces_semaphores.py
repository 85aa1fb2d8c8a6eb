"""Leave semaphores.

falls without: seccomp, ipcns
tiers: T1, T0
again: yes
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
key = 0x5151AAA2
left = libc.semget(key, 1, 0)
if left >= 0:
    libc.semctl(left, 0, 0, 0)
    print("GOT the semaphores of the last run")
else:
    libc.semget(key, 1, 0o1600)

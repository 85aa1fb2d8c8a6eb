"""Leave a queue of messages.

falls without: seccomp, ipcns
tiers: T1, T0
again: yes
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
key = 0x5151AAA3
left = libc.msgget(key, 0)
if left >= 0:
    libc.msgctl(left, 0, None)
    print("GOT the messages of the last run")
else:
    libc.msgget(key, 0o1600)

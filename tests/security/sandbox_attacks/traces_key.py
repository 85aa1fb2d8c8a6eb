"""Leave a key in the keyring of our user.

falls without: seccomp
machine: x86_64
tiers: T0, T1
ends: SIGNALED 31
again: yes
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if (left := libc.syscall(250, 10, -4, b"user", b"attack-left", 0)) >= 0:  # keyctl, KEYCTL_SEARCH
    libc.syscall(250, 9, left, -4, 0, 0)  # KEYCTL_UNLINK
    print("GOT the key of the last run")
else:
    libc.syscall(248, b"user", b"attack-left", b"x", 1, -4)  # add_key

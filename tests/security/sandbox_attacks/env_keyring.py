"""Reach the keys that the kernel keeps for the executor's session.

falls without: seccomp
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
serial = libc.syscall(250, 0, -3, 0)  # KEYCTL_GET_KEYRING_ID of the session's keyring
if serial > 0:
    print("GOT", serial)

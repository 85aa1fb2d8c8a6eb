"""Change the mode of somebody's files on the host, by system call.

falls without: seccomp
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for path in (b"@OPEN@/nobodys", b"@OPEN@/users"):
    for call in ((90, path, 0o666), (268, -100, path, 0o666), (452, -100, path, 0o666, 0)):  # chmod, fchmodat, fchmodat2
        if libc.syscall(*call) == 0:
            print("GOT a mode changed by call", call[0])

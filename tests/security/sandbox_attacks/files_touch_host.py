"""Change the times of somebody's files on the host, without opening them.

falls without: seccomp
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for path in (b"@OPEN@/ours", b"@OPEN@/nobodys", b"@OPEN@/users"):
    for call in ((132, path, None), (235, path, None), (261, -100, path, None), (280, -100, path, None, 0)):  # utime, utimes, futimesat, utimensat
        if libc.syscall(*call) == 0:
            print("GOT a time changed by call", call[0])

"""Make a socket of any family, type and common protocol, by number.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for family in range(48):
    for kind in (1, 2, 3, 4, 5, 6, 10):
        for protocol in (0, 1, 6, 17, 132, 255, 262):
            if libc.syscall(41, family, kind, protocol) >= 0:
                print("GOT", family, kind, protocol)
                raise SystemExit

"""Be told what happens to a directory of the host.

falls without: seccomp
tiers: T0, T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
watcher = libc.syscall(294, 0)  # inotify_init1
if libc.syscall(254, watcher, b"@OPEN@", 0xFFF) >= 0:
    print("GOT a watch")

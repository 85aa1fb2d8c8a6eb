"""Make another directory the root.

falls without: seccomp, landlock
machine: x86_64
ends: SIGNALED 31
"""

import ctypes
import os

TMP = os.environb[b"TMPDIR"]

libc = ctypes.CDLL(None, use_errno=True)

done = libc.syscall(155, b".", b".")
if done < 0:  # try again as the owner of mounts of our own
    libc.unshare(0x10020000)
    libc.syscall(165, b"none", TMP, b"tmpfs", 0, None)
    libc.chdir(TMP)
    done = libc.syscall(155, b".", b".")
if done == 0:
    print("GOT another root")

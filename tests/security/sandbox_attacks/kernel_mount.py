"""Mount a disk of our own.

falls without: seccomp, landlock
machine: x86_64
ends: SIGNALED 31
tiers: T1, T0
"""

import ctypes
import os

TMP = os.environb[b"TMPDIR"]

libc = ctypes.CDLL(None, use_errno=True)


def owner(number: int, *arguments: object) -> int:
    """Make a call; where that is refused, make it again as the owner of namespaces of our own."""
    result = libc.syscall(number, *arguments)
    if result < 0:
        libc.unshare(0x10020000)
        result = libc.syscall(number, *arguments)
    return result


if owner(165, b"none", TMP, b"tmpfs", 0, 0) >= 0:
    print("GOT a mount")

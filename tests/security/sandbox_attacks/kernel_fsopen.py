"""Prepare a disk of our own with the new mount calls.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def owner(number: int, *arguments: object) -> int:
    """Make a call; where that is refused, make it again as the owner of namespaces of our own."""
    result = libc.syscall(number, *arguments)
    if result < 0:
        libc.unshare(0x10020000)
        result = libc.syscall(number, *arguments)
    return result


if owner(430, b"tmpfs", 0) >= 0:
    print("GOT a file system")

"""Show a directory in another place, without the flags of its mount.

falls without: seccomp, landlock
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


if owner(165, b".", b".", 0, 0x1000, 0) >= 0:
    print("GOT a mount")

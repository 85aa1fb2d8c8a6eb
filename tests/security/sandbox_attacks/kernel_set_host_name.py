"""Give the machine another name.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def owner(number: int, *arguments: object) -> int:
    """Make a call; where that is refused, make it again as the owner of namespaces of our own."""
    result = libc.syscall(number, *arguments)
    if result < 0:
        libc.unshare(0x14000000)
        result = libc.syscall(number, *arguments)
    return result


if owner(170, b"taken", 5) >= 0:
    print("GOT another name")

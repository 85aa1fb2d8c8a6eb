"""Make the root writable again.

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


if owner(442, -100, b"/", 0x8000, ctypes.create_string_buffer(32), 32) >= 0:
    print("GOT other flags of a mount")

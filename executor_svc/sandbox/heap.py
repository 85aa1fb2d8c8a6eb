"""How the zygote's memory lies before its first fork, on which depends what each fork costs.

Best effort: what a C library or a kernel does not offer is left out. Standard library only; runs in the
sandbox interpreter with PYTHONMALLOC=malloc, so that Python's objects are the C library's.
"""

from __future__ import annotations

import ctypes

_SIZES = (*(1 << power for power in range(16, 10, -1)), *range(1032, 8, -16))
"""Bytes to ask for, from large to small: below 1 KiB each size that the C library keeps apart."""
_HUGE = 1 << 21
_MADV_COLLAPSE = 25

_libc = ctypes.CDLL(None, use_errno=True)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_void_p]
_libc.sbrk.restype = ctypes.c_void_p
_libc.sbrk.argtypes = [ctypes.c_ssize_t]


class _Mallinfo(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = [
        ("arena", ctypes.c_size_t),
        ("between", ctypes.c_size_t * 8),
        ("keepcost", ctypes.c_size_t),
    ]


def fill_gaps() -> int:
    """Take every free piece between what is allocated, for good, and return how many bytes that were.

    What is allocated from now on, here and in every fork, then lies together at the end of the heap. In the
    gaps it would be written to pages all over, each of which is copied, and breaks up a huge page. Needs a C
    library that says where the end is free (glibc 2.33).
    """
    try:
        _libc.mallinfo2.restype = _Mallinfo
    except AttributeError:
        return 0
    heap = _libc.mallinfo2()
    end, taken = _libc.sbrk(0) - heap.keepcost, 0
    for size in _SIZES:
        while (piece := _libc.malloc(size)) is not None and piece < end and taken < heap.arena:
            taken += size
        _libc.free(piece)
    return taken


def collapse() -> int:
    """Back our own private memory with huge pages where it can be, and return how many bytes are now.

    A fork copies one entry for each, not 512. Kernels before 6.1 have no MADV_COLLAPSE.
    """
    collapsed = 0
    with open("/proc/self/maps", encoding="ascii") as lines:  # noqa: PTH123 - the zygote, before any pathlib
        ranges = [line.split() for line in lines]
    for span, rights, _offset, _device, inode, *name in ranges:
        if inode != "0" or "w" not in rights or name not in ([], ["[heap]"]):
            continue
        start, end = (int(part, 16) for part in span.split("-"))
        for address in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            arguments = (ctypes.c_ulong(address), ctypes.c_ulong(_HUGE), ctypes.c_int(_MADV_COLLAPSE))
            collapsed += _HUGE if _libc.madvise(*arguments) == 0 else 0
    return collapsed

"""What this process holds open and how it can be kept from growing: for tests of what is cleaned up."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _all_nameless() -> dict[tuple[int, int], os.stat_result]:
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            target = os.readlink(path)  # noqa: PTH115 - not a path
            if target.endswith("(deleted)") and not target.startswith("/memfd:"):
                status = path.stat()
                found[status.st_dev, status.st_ino] = status
    return found


_others: set[tuple[int, int]] = set()


def nameless_files() -> list[os.stat_result]:
    """Open files on a disk that no directory lists, without those that were open at the last `forget`."""
    return [status for place, status in _all_nameless().items() if place not in _others]


def forget() -> None:
    """Let go of what earlier tests have dropped without closing it; what they still keep is not looked at.

    At the beginning of a test: pytest, browsers and other tests' servers keep such files as well.
    """
    gc.collect()
    _others.clear()
    _others.update(_all_nameless())


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The kernel refuses to let a file of this process grow beyond that, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

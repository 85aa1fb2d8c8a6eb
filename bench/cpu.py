"""What processes and all their descendants have used of the processors, as /proc counts it.

A descendant that has ended is counted once its parent has waited for it, and so is its memory never.
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_MIB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20
_TIMES: Final = slice(11, 15)
"""utime, stime, cutime, cstime, counted after the command's closing parenthesis."""


def cpu_s(root: int) -> float:
    """Processor seconds of a process and its descendants so far."""
    return sum(sum(map(int, fields[_TIMES])) for fields in _tree(root)) * _TICK_S


def memory_mib(root: int) -> float:
    """Resident memory of them, pages that they share counted each time."""
    return sum(int(fields[21]) for fields in _tree(root)) * _PAGE_MIB


def _tree(root: int) -> Iterator[list[str]]:
    """The fields of /proc/PID/stat after the command, of a process and all below it."""
    below, found = defaultdict[int, list[int]](list), dict[int, list[str]]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                found[int(entry.name)] = fields
                below[int(fields[1])].append(int(entry.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid in found:
            yield found[pid]
        waiting += below[pid]

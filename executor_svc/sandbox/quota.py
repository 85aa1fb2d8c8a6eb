"""How full a run's disk is: as its quota says, or as we see where it has none. Trusted side."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from executor_svc.sandbox import aio, hostbox
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.types import InputFile, RunLimits

_MIB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_FILES = 4096
_REST = 2  # times as long as a look at the disk took, until the next


def disk_of(limits: RunLimits, inputs: Sequence[InputFile]) -> tuple[int, int]:
    """Bytes and inodes of the disk that a run with these limits and inputs gets."""
    return _pages(_content(limits, inputs), len(inputs)), _MOST_FILES + len(inputs)


def _content(limits: RunLimits, inputs: Sequence[InputFile]) -> int:
    return limits.artifact_mib * _MIB + sum(item.size for item in inputs)


def _pages(size: int, files: int) -> int:
    """Room for the bytes, a page more than they fill, so that "full" means "over"."""
    return (size // PAGE + files + 2) * PAGE


@dataclass(frozen=True)
class Fill:
    """What is on a disk at a moment: bytes, files, and whether one more of either would not fit."""

    used: int
    files: int
    full: bool


class Disk:
    """Of one run."""

    def __init__(self, cell: Cell, limits: RunLimits, inputs: Sequence[InputFile]) -> None:
        self._cell = cell
        self.content = _content(limits, inputs)
        """Bytes of inputs and artifacts at most; `size` has some pages more."""
        self.size, self.inodes = disk_of(limits, inputs)
        self.next_look = 0.0
        """Not before this time, of the monotonic clock."""

    async def look(self) -> Fill:
        """Now."""
        return self._quota() if self._cell.keeper else await self._watched()

    def _quota(self) -> Fill:
        quota = os.fstatvfs(self._cell.box)
        used = (quota.f_blocks - quota.f_bfree) * quota.f_frsize
        full = quota.f_bfree == 0 or quota.f_ffree == 0
        return Fill(used, quota.f_files - quota.f_ffree, full)

    async def _watched(self) -> Fill:
        """Of a disk whose quota is that we look.

        Inside gVisor the look may take seconds, and deleted files count as well.
        """
        started, inside = time.monotonic(), self._cell.tier == "T2"
        look = functools.partial(hostbox.measure, self._cell.box, _MOST_FILES, sizes=not inside)
        used, files = await aio.call(look, in_thread=inside)
        looked = time.monotonic()
        self.next_look = looked + _REST * (looked - started)  # many files must not keep others waiting
        if inside:
            used = self._quota().used
        return Fill(used, files, used > self.size or files > _MOST_FILES)

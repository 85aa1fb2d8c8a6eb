"""A sandbox's cells as the kernel shows them: which processes there are, what they hold, when they die.

Knows /proc and pidfds, and of a cell only this: its program process leads a session, its keeper is the first
of a pid namespace. So it measures whatever the sandbox does inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor_svc.sandbox import aio

_FULL_S: Final = 30.0
_LOOK_S: Final = 0.02
_DEATH_S: Final = 15.0
_KIB: Final = 1024


@dataclass(frozen=True)
class Member:
    """One process of a cell: its program process, or its keeper."""

    pid: int
    is_program: bool
    waits: bool

    def private_mib(self) -> float:
        """Memory that it shares with no other process. PermissionError unless we are root."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / _KIB


def members(executor: int) -> list[Member]:
    """The processes of all cells of an executor; those that do not live any more are left out."""
    found = []
    for children in Path(f"/proc/{executor}/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            with contextlib.suppress(OSError):
                if member := _member(pid):
                    found.append(member)
    return found


async def filled(executor: int, cells: int) -> list[Member]:
    """The same, once at least so many cells are there and all their processes wait.

    Raises RuntimeError when that does not come about.
    """
    deadline = time.monotonic() + _FULL_S
    quiet = False
    while True:
        found = members(executor)
        enough = sum(member.is_program for member in found) >= cells
        if enough and all(member.waits for member in found):
            if quiet:
                return found
            quiet = True
        else:
            quiet = False
        if time.monotonic() > deadline:
            raise RuntimeError(f"the sandbox has not armed {cells} cells in time")
        await asyncio.sleep(_LOOK_S)


@contextmanager
def watched(found: Sequence[Member]) -> Iterator[list[int]]:
    """Their pidfds, closed at the end."""
    handles: list[int] = []
    try:
        for member in found:
            with contextlib.suppress(ProcessLookupError):
                handles.append(os.pidfd_open(member.pid))
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


async def deaths(handles: Sequence[int], count: int) -> float:
    """When (by `time.perf_counter`) so many of them had died. TimeoutError if they do not."""
    waits = [asyncio.ensure_future(aio.readable(handle)) for handle in handles]
    try:
        async with asyncio.timeout(_DEATH_S):
            for ended in itertools.islice(asyncio.as_completed(waits), count):
                await ended
        return time.perf_counter()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def _member(pid: int) -> Member | None:
    """None for a process that is no cell's: a zygote, the steward, an ended one."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    state, nested = status["State"].split()[0], len(status["NSpid"].split()) > 1
    is_program = status["NSsid"].split()[0] == str(pid)
    if state == "Z" or not (nested or is_program):
        return None
    return Member(pid, is_program, state == "S")

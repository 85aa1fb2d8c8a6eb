"""Attack: a process outlives its program, to change files while they are read.

The filter lets none start, so it is away here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from executor_svc.sandbox import cell
from executor_svc.sandbox import run as run_module
from tests.conformance.sandbox_kit import run
from tests.security.defences import without

PROGRAM = """
import ctypes, os, time
if os.fork() == 0:
    os.setsid()
    os.closerange(1, 3)
    ctypes.CDLL(None).prctl(15, b"left-behind")
    open("ready", "w").close()
    time.sleep(60)
while not os.path.exists("ready"):
    time.sleep(0.01)
"""


def _left() -> int:
    """How many such processes live."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found += path.read_text() == "left-behind\n"
        except OSError:  # it ended while we looked
            continue
    return found


async def _left_when_files_are_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen = []
    collect: Callable[..., Any] = run_module.collect

    def looking(*arguments: object) -> Any:
        seen.append(_left())
        return collect(*arguments)

    monkeypatch.setattr(run_module, "collect", looking)
    async with without(("seccomp",), "T1") as sandbox:
        ran = await run(sandbox, PROGRAM)
    assert ran.status == "EXITED"
    return seen


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="taking defences away needs root")


@needs_root
async def test_it_is_dead_before_any_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _left_when_files_are_read(monkeypatch) == [0]
    assert not _left()


@needs_root
async def test_that_is_because_the_keeper_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def believed(_cell: cell.Cell) -> bool:
        return True

    monkeypatch.setattr(cell.Cell, "deserted", believed)
    assert await _left_when_files_are_read(monkeypatch) == [1]
    assert not _left()

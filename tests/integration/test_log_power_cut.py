"""The power goes at every step of appending, and each time the disk kept more or less of what was written.

The steps are those of a real log, traced; each state of the disk that a cut may leave is laid out and opened.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.fakes.confirmed import goes_on, holds, told
from tests.fakes.log_writer import log_in
from tests.fakes.recorded_disk import Disk, Step, record, strace_works

ROOT = Path(__file__).resolve().parents[2]
APPENDS, SIZE = 3, 500

pytestmark = pytest.mark.skipif(not strace_works(), reason="strace is not here, or may not trace")

State = Callable[[Disk, random.Random], Mapping[str, bytes]]
STATES: Mapping[str, State] = {
    "persisted": lambda disk, _: disk.kept(),
    "not_persisted": lambda disk, _: disk.lost(),
    "torn": lambda disk, chance: disk.torn(chance),
}


def recording(directory: Path, *, writers: int, appends: int, size: int) -> list[Step]:
    """The steps of a log from its creation to its end."""
    log = directory / "log"
    log.mkdir()
    arguments = [str(log), str(writers), str(appends), str(size)]
    return record([sys.executable, "-m", "tests.fakes.log_writer", *arguments], log, cwd=ROOT)


@pytest.mark.parametrize("state", STATES)
def test_every_step_of_an_append_can_be_the_last(tmp_path: Path, state: str) -> None:
    steps = recording(tmp_path, writers=1, appends=APPENDS, size=SIZE)
    keys = [f"w0-{count}" for count in range(APPENDS)]
    disk, chance = Disk(), random.Random(state)
    before: object = None
    for number, step in enumerate(steps):
        disk.take(step)
        files = STATES[state](disk, chance)
        if (files, disk.said) != before:
            came_back(tmp_path / "cut", files, disk.said, keys, f"step {number}: {step}")
        before = files, list(disk.said)
    assert len(disk.said) == APPENDS


def came_back(
    directory: Path, files: Mapping[str, bytes], said: list[bytes], keys: list[str], at: str
) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    confirmed, _ = told(said)
    world = log_in(directory)
    try:
        asyncio.run(goes_on(world, confirmed, keys, SIZE))
        holds(world, confirmed)
    except Exception as error:
        error.add_note(at)
        raise

"""The power goes at every step of appending, and each time the disk kept more or less of what was written.

The steps are those of a real log, traced; each state of the disk that a cut may leave is laid out and opened.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.fakes.confirmed import goes_on, told
from tests.fakes.log_writer import Task, log_in
from tests.fakes.recorded_disk import Disk, Step, record, strace_works

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not strace_works(), reason="strace is not here, or may not trace")

State = Callable[[Disk, random.Random], Mapping[str, bytes]]
STATES: Mapping[str, State] = {
    "persisted": lambda disk, _: disk.kept(),
    "not_persisted": lambda disk, _: disk.lost(),
    "torn": lambda disk, chance: disk.torn(chance),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Step], Path]:
    """The steps of a log from its creation to its end, and the directory that its key lies in."""
    directory = tmp_path_factory.mktemp("recorded") / "log"
    directory.mkdir()
    return record(Task(str(directory)).command(), directory, cwd=ROOT), directory.parent


@pytest.mark.parametrize("state", STATES)
def test_every_step_of_an_append_can_be_the_last(recorded: tuple[list[Step], Path], state: str) -> None:
    steps, place = recorded
    disk, chance = Disk(), random.Random(state)
    before: object = None
    for number, step in enumerate(steps):
        disk.take(step)
        files = STATES[state](disk, chance)
        if (files, disk.said) != before:
            came_back(place / "cut", files, disk.said, f"step {number}: {step}")
        before = files, disk.said
    assert len(told(disk.said).confirmed) == Task("").appends


def came_back(directory: Path, files: Mapping[str, bytes], said: bytes, at: str) -> None:
    """Raise, with where it was, unless the log goes on from these files."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    try:
        asyncio.run(goes_on(log_in(directory), told(said), Task("").body_bytes))
    except Exception as error:
        error.add_note(at)
        raise

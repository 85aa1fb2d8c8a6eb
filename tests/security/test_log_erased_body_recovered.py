"""Attack: a body that was erased is read out of what the database's files still hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from audit_svc.batch import Draft
from audit_svc.store.types import BodyKey
from placet.audit.reader import LogReader
from placet.audit.record import SALT_BYTES
from tests.fakes.audit_world import AUDIT, GENERATOR, World, Writer

MARK = b"the secret of task 7 "
TASK = {"task_sha256": "0" * 64, "caller": "c", "inputs": []}


def on_disk(directory: Path, what: bytes) -> list[str]:
    """Files that hold it. The checkpoint's scratch file comes and goes meanwhile, and holds no content."""
    files = [path for path in directory.iterdir() if not path.name.startswith(".")]
    return [path.name for path in files if what in path.read_bytes()]


async def erase(log: Writer, index: int) -> None:
    body = {"by": AUDIT, "reason": "asked for", "erased": [{"index": index, "role": "task"}]}
    erases = (BodyKey(index, "task"),)
    await log.sequencer.append(Draft("bodies_erased", "req-1", AUDIT, body, erases=erases))


@pytest.mark.parametrize("times", [1, 10_000], ids=["within a page", "over many pages"])
async def test_nothing_of_it_is_left_in_any_file(tmp_path: Path, times: int) -> None:
    """docs/audit-format.md §3.3: content and salt go."""
    world = World(tmp_path)
    async with world.writing() as log:
        done = await log.append(GENERATOR, "task_received", TASK, task=MARK * times, prompt=b"kept " * 9)
        for _ in range(3):
            await log.whole_run(f"{_}")
        assert on_disk(tmp_path, MARK)
        salt = log.sequencer._store.salts(done.index)["task"]
        assert len(salt) == SALT_BYTES
        await erase(log, done.index)

        assert on_disk(tmp_path, MARK) == []
        assert on_disk(tmp_path, salt) == []
        assert on_disk(tmp_path, b"kept " * 9)
    report = world.verify()
    assert report.ok, report.first_break


async def test_a_reader_delays_it_and_nobody_waits_for_the_reader(tmp_path: Path) -> None:
    """Somebody may verify the log for minutes; what they see meanwhile goes with the batch after."""
    world = World(tmp_path)
    async with world.writing() as log:
        done = await log.append(GENERATOR, "task_received", TASK, task=MARK)
        with LogReader(world.database) as reader:
            reader.snapshot()
            assert reader.get(done.index)
            await asyncio.wait_for(erase(log, done.index), 2)
            assert on_disk(tmp_path, MARK)
        await log.whole_run()

        assert on_disk(tmp_path, MARK) == []

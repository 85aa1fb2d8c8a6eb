"""Attack: the disk is filled, so that something may happen without a record of it."""

import asyncio
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import GENERATOR, World

BIG = bytes(400_000)
BODY = {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"}


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes; a write then fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_nothing_is_confirmed_and_nothing_half_written(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        with no_file_beyond(200_000), pytest.raises(ServiceError) as refused:
            await log.append(GENERATOR, "task_received", BODY, key="k", task=BIG)
        assert refused.value.reason == "AUDIT_UNAVAILABLE"
        assert not log.sequencer.healthy
        assert world.verify().records == 4

        done = await log.append(GENERATOR, "task_received", BODY, key="k", task=BIG)

    assert done.index == 4
    assert log.sequencer.healthy
    report = world.verify()
    assert report.ok, report.first_break
    assert report.records == 5


async def test_no_record_is_confirmed_while_the_checkpoint_file_is_two_batches_behind(tmp_path: Path) -> None:
    """docs/audit-format.md §4.1: the file holds the checkpoint of the batch before."""
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        blocker = tmp_path / ".checkpoint.new"
        while world.checkpoint.read_text() != log.sequencer.head.checkpoint:
            await asyncio.sleep(0.001)
        blocker.unlink()
        blocker.mkdir()  # what takes the place of the file beside cannot be opened
        ahead = await log.append(GENERATOR, "task_received", BODY, key="ahead")
        with pytest.raises(ServiceError) as refused:
            await log.append(GENERATOR, "task_received", BODY, key="k")
        blocker.rmdir()
        done = await log.append(GENERATOR, "task_received", BODY, key="k")

    assert refused.value.reason == "AUDIT_UNAVAILABLE"
    assert (ahead.index, done.index) == (4, 5)
    assert world.verify().records == 6

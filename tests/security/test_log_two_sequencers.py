"""Attack, or mistake: two services write the same log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from audit_svc.anchor import Anchor
from audit_svc.batch import Draft
from audit_svc.sequencer import Sequencer
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import StandingBy
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import GUARD, World, verdict


async def test_the_second_one_writes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as first:
        await first.whole_run()
        second = Sequencer(world.store(), world.signer, Anchor(world.checkpoint))
        with pytest.raises(StandingBy):
            await second.open()
        with pytest.raises(ServiceError):
            await second.append(Draft("verdict_reached", "req-2", GUARD, verdict()))
        await first.whole_run("2")
        await second.close()

    assert world.verify().records == 8


async def test_even_without_the_writers_lock_no_record_is_written_twice(tmp_path: Path, monkeypatch) -> None:
    """The primary key is the last line: of two batches for one place, the second fails as a whole."""
    world = World(tmp_path)
    async with world.writing() as first:
        await first.whole_run()
        with monkeypatch.context() as broken:
            broken.setattr("fcntl.flock", lambda *_: None)
            second = Sequencer(world.store(), world.signer, Anchor(world.checkpoint))
            await second.open()
        tries = [
            sequencer.append(Draft("verdict_reached", "req-2", GUARD, verdict()))
            for sequencer in (first.sequencer, second)
            for _ in range(20)
        ]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        await second.close()
    answered = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    report = world.verify()

    assert report.ok, report.first_break
    assert len({done.index for done in answered}) == len(answered)
    assert report.records == 4 + len(answered)
    assert len(answered) < len(outcomes), "one of the two had to give way"


async def test_the_lock_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    """Not an attack."""
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    store = SqliteStore(world.database)

    assert store.lead()
    store.close()

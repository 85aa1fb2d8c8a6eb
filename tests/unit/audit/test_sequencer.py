"""The log's one writer when its database misbehaves, and what it keeps in memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from audit_svc.anchor import Anchor, LogInconsistent
from audit_svc.batch import Draft
from audit_svc.sequencer import Sequencer
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Growth, StandingBy, StoreFailed
from placet.audit.checkpoint import LogSigner
from placet.audit.merkle import leaf_hash
from placet.audit.tiles import Frontier
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import GENERATOR, ORIGIN, World, Writer

TASK: Mapping[str, object] = {"task_sha256": "0" * 64, "caller": "c", "inputs": []}
KIB = 1024


class BreakingStore(SqliteStore):
    """Loses the answer of a commit, as a connection does that breaks at the wrong moment."""

    breaks = ""

    def commit(self, growth: Growth) -> None:
        if self.breaks == "before":
            raise StoreFailed("lost before anything was written")
        super().commit(growth)
        if self.breaks == "after":
            raise StoreFailed("lost before the answer came")


class ForgettingStore:
    """A database of the given leaf hashes that takes everything and keeps nothing of it."""

    def __init__(self, count: int = 0) -> None:
        frontier = Frontier()
        self._count = count
        self._tiles = {
            (tile.level, tile.index): tile.hashes
            for index in range(count)
            for tile in frontier.append(leaf_hash(b"%d" % index))
        }
        self.root = frontier.root()
        self.note: str | None = None

    def lead(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def size(self) -> int:
        return self._count

    def leaf_hashes(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        return ((index, leaf_hash(b"%d" % index)) for index in range(start, self._count))

    def tile(self, level: int, index: int) -> bytes | None:
        return self._tiles.get((level, index))

    def last_checkpoint(self) -> str | None:
        return self.note

    def newest_leaf(self) -> None:
        return None

    def same_keys(self, actor: str, keys: object) -> Mapping[str, object]:
        return {}

    def spent(self, approval_ids: object) -> set[str]:
        return set()

    def commit(self, growth: Growth) -> None:
        pass


@asynccontextmanager
async def log_over(store: object, world: World) -> AsyncIterator[Writer]:
    sequencer = Sequencer(store, world.signer, Anchor(world.checkpoint))  # type: ignore[arg-type]
    await sequencer.open()
    try:
        yield Writer(sequencer)
    finally:
        await sequencer.close()


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lost_answer_loses_no_record_and_doubles_none(tmp_path: Path, moment: str) -> None:
    """§7.6: what a commit left behind is looked up before the next."""
    world = World(tmp_path)
    store = BreakingStore(world.database)
    async with log_over(store, world) as log:
        await log.append(GENERATOR, "task_received", TASK, key="first")
        store.breaks = moment
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await log.append(GENERATOR, "task_received", TASK, key="k", task=b"x")
        assert log.sequencer.head.size == 1
        store.breaks = ""
        again = await log.append(GENERATOR, "task_received", TASK, key="k", task=b"x")
        other = await log.append(GENERATOR, "task_received", TASK, key="other")

        assert (again.index, other.index) == (1, 2)
        assert log.sequencer.healthy
    report = world.verify()
    assert report.ok, report.first_break
    assert report.records == 3


async def test_one_that_stands_by_tells_of_the_leaders_growth(tmp_path: Path) -> None:
    """Whoever follows the log at a standby, or waits there, hears of what is appended elsewhere."""
    world = World(tmp_path)
    async with world.writing() as leader:
        standby = Sequencer(world.store(), world.signer, Anchor(tmp_path / "standby"))
        with pytest.raises(StandingBy):
            await standby.open()
        grown = asyncio.create_task(standby.wait_for_growth(0))
        await leader.append(GENERATOR, "task_received", TASK)
        with pytest.raises(StandingBy):
            await standby.open()
        await asyncio.wait_for(grown, 5)
        assert standby.head.size == 1
        await standby.close()


async def test_one_that_stands_by_is_ready_also_while_it_tries_to_lead(tmp_path: Path) -> None:
    """It tries every second: a probe in such a moment must not find it unready; one that fails is."""
    world = World(tmp_path)
    seen: list[bool] = []

    class Asked(SqliteStore):
        def lead(self) -> bool:
            seen.append(standby.standing_by)
            if len(seen) > 2:
                raise StoreFailed("told to")
            return super().lead()

    async with world.writing():
        standby = Sequencer(Asked(world.database), world.signer, Anchor(tmp_path / "standby"))
        for why in ("another audit service", "another audit service", "told to"):
            with pytest.raises(StoreFailed, match=why):
                await standby.open()
        await standby.close()

    assert seen == [False, True, True]
    assert not standby.standing_by


async def test_records_that_another_writer_signed_are_read_on(tmp_path: Path) -> None:
    """A standby took over and lost the log again: the first writer goes on from there."""
    world = World(tmp_path)
    first = BreakingStore(world.database)
    async with log_over(first, world) as log:
        await log.append(GENERATOR, "task_received", TASK, key="first")
        first.breaks = "before"
        with pytest.raises(ServiceError):
            await log.append(GENERATOR, "task_received", TASK, key="lost")
        first.close()
        async with world.writing() as standby:
            await asyncio.gather(
                *(standby.append(GENERATOR, "task_received", TASK, key=f"{n}") for n in range(300))
            )
        log.sequencer._store = SqliteStore(world.database)
        done = await log.append(GENERATOR, "task_received", TASK, key="7")
        assert done.index < 301
        assert (await log.append(GENERATOR, "task_received", TASK, key="new")).index == 301
    assert world.verify().ok


async def test_records_under_no_checkpoint_stop_the_log(tmp_path: Path) -> None:
    """§7.6: … and otherwise it MUST stop appending."""
    world = World(tmp_path)
    store = BreakingStore(world.database)
    async with log_over(store, world) as log:
        await log.append(GENERATOR, "task_received", TASK, key="first")
        store.breaks = "before"
        with pytest.raises(ServiceError):
            await log.append(GENERATOR, "task_received", TASK, key="lost")
        store.breaks = ""
        world.tamper(
            "INSERT INTO log_entry SELECT 1, leaf, leaf_hash, kind, request_id, actor, approval_id, 'x', "
            "time, caller, scope, verdict FROM log_entry WHERE idx = 0"
        )
        for _ in range(2):
            with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
                await log.append(GENERATOR, "task_received", TASK, key="k")
        assert not log.sequencer.healthy


async def test_two_sequencers_do_not_write_one_log(tmp_path: Path) -> None:
    """§7.5."""
    world = World(tmp_path)
    async with world.writing() as log:
        with pytest.raises(StoreFailed, match="another"):
            async with world.writing():
                pass
        await log.whole_run()
    async with world.writing() as log:
        assert (await log.whole_run("2"))[0].index == 4


@pytest.mark.parametrize(
    "attack", ["DELETE FROM tile", "UPDATE tile SET hashes = zeroblob(8192)", "UPDATE tile SET idx = 1"]
)
async def test_it_does_not_start_on_tiles_that_are_not_the_records_hashes(
    tmp_path: Path, attack: str
) -> None:
    """§7.3: the service MUST refuse to start when a tile is missing or another."""
    world = World(tmp_path)
    async with world.writing() as log:
        await asyncio.gather(*(log.append(GENERATOR, "task_received", TASK, key=f"{n}") for n in range(257)))
    world.tamper(attack)

    with pytest.raises(LogInconsistent, match="Tile 0 of level 0"):
        async with world.writing():
            pass


async def test_memory_does_not_grow_with_what_is_appended(tmp_path: Path) -> None:
    async with log_over(ForgettingStore(), World(tmp_path)) as log:

        async def append(count: int) -> int:
            drafts = [Draft("task_received", "r", GENERATOR, TASK) for _ in range(count)]
            await asyncio.gather(*map(log.sequencer.append, drafts))
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            await append(200)
            before = await append(200)
            for _ in range(20):
                after = await append(200)
        finally:
            tracemalloc.stop()

    assert after - before < 64 * KIB  # the loop's own tables; 4,000 hashes are 125 KiB


async def test_memory_at_the_start_does_not_depend_on_the_size_of_the_log(tmp_path: Path) -> None:
    """The hashes alone would be 960,000 bytes."""
    store, world = ForgettingStore(30_000), World(tmp_path)
    store.note = signed(world.signer, 30_000, store.root)
    Anchor(world.checkpoint).write(store.note)
    tracemalloc.start()
    try:
        async with log_over(store, world) as log:
            assert log.sequencer.head.size == 30_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 512 * KIB


def signed(signer: LogSigner, size: int, root: bytes) -> str:
    assert signer.verifier.name == ORIGIN
    return signer.sign(size, root)

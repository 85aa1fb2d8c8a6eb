"""Attack: one approval is to start two runs."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import EXECUTOR, GUARD, World, approval, started, verdict


async def issue(log) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(GUARD, "approval_issued", approval(reached))


async def test_of_many_simultaneous_starts_one_wins(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await issue(log)
        tries = [
            log.append(EXECUTOR, "run_started", started(run_id=f"r{i}"), key=f"k{i}") for i in range(100)
        ]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)

    refused = [o for o in outcomes if isinstance(o, ServiceError)]
    assert len(refused) == 99
    assert {o.reason for o in refused} == {"APPROVAL_SPENT"}
    assert world.verify().ok


async def test_it_stays_spent_after_a_restart(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await issue(log)
        await log.append(EXECUTOR, "run_started", started())
    async with world.writing() as log:
        with pytest.raises(ServiceError) as refused:
            await log.append(EXECUTOR, "run_started", started(run_id="other"))

    assert refused.value.reason == "APPROVAL_SPENT"


async def test_a_retry_of_the_same_start_gets_the_same_answer(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await issue(log)
        first = await log.append(EXECUTOR, "run_started", started(), key="k")
        again = await log.append(EXECUTOR, "run_started", started(), key="k")

    assert (again.index, again.leaf_hash) == (first.index, first.leaf_hash)


async def test_another_start_under_the_same_key_is_a_conflict(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await issue(log)
        await log.append(EXECUTOR, "run_started", started(), key="k")
        with pytest.raises(ServiceError) as refused:
            await log.append(EXECUTOR, "run_started", started(run_id="other"), key="k")

    assert refused.value.reason == "IDEMPOTENCY_CONFLICT"


async def test_the_database_itself_refuses_a_second_start(tmp_path: Path) -> None:
    """Without the sequencer in between, as a second sequencer or a bug of ours would write."""
    world = World(tmp_path)
    async with world.writing() as log:
        await issue(log)
        await log.append(EXECUTOR, "run_started", started())
    with (
        sqlite3.connect(world.database) as database,
        pytest.raises(sqlite3.IntegrityError, match="approval_id"),
    ):
        database.execute(
            "INSERT INTO log_entry SELECT idx + 100, leaf, leaf_hash, kind, request_id, actor, approval_id, "
            "'other', time, caller, scope, verdict FROM log_entry WHERE kind = 'run_started'"
        )

"""Attack: an approval key that was revoked goes on to be used (docs/audit-format.md §4.5, §6.17)."""

from __future__ import annotations

import pytest

from audit_svc import batch
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import EXECUTOR, GUARD, World, Writer, approval, started, verdict
from tests.fakes.weakened import without

KEY_ID = "ab" * 32


async def issued(log: Writer, **change: object) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(GUARD, "approval_issued", approval(reached, key_id=KEY_ID, **change))


async def revoked(log: Writer, key: str = f"key_revoked/{KEY_ID}") -> None:
    await log.append(EXECUTOR, "key_revoked", {"key_id": KEY_ID}, key=key)


async def issues_afterwards(log: Writer) -> None:
    await revoked(log)
    await issued(log)


async def starts_afterwards(log: Writer) -> None:
    await issued(log)
    await revoked(log)
    await log.append(EXECUTOR, "run_started", started(key_id=KEY_ID))


@pytest.mark.parametrize("story", [issues_afterwards, starts_afterwards])
async def test_the_log_refuses_to_record_it(log_world: World, story) -> None:
    """§4.5: the log MUST refuse."""
    world = log_world
    async with world.writing() as log:
        with pytest.raises(ServiceError) as refused:
            await story(log)

    assert refused.value.reason == "KEY_REVOKED"
    assert world.verify().ok


@pytest.mark.parametrize("story", [issues_afterwards, starts_afterwards])
async def test_it_stays_refused_over_a_restart(log_world: World, story) -> None:
    world = log_world
    async with world.writing() as log:
        await issued(log, approval_id="b" * 32)
        await revoked(log)
    async with world.writing() as log:
        with pytest.raises(ServiceError) as refused:
            await log.append(EXECUTOR, "run_started", started(key_id=KEY_ID, approval_id="b" * 32))

    assert refused.value.reason == "KEY_REVOKED"


@pytest.mark.parametrize("story", [issues_afterwards, starts_afterwards])
async def test_written_past_the_logs_door_it_is_named(log_world: World, story, monkeypatch) -> None:
    """§6.17: as a log under somebody else's control would hold it."""
    monkeypatch.setattr(batch, "check_key", lambda *_: None)
    world = log_world
    async with world.writing() as log:
        await story(log)
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == report.records - 1
    assert "revoked" in report.first_break.what

    without(monkeypatch, "revoked keys")
    assert world.verify().ok, "nothing but this check finds it"


async def test_every_pool_may_say_it_and_one_record_is_kept(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await revoked(log)
        await revoked(log)

    assert world.verify().records == 1


async def test_a_revocation_under_another_idempotency_key_is_refused(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        with pytest.raises(ServiceError, match="idempotency key"):
            await revoked(log, "loose")


async def test_another_key_goes_on(log_world: World) -> None:
    """Not an attack."""
    world = log_world
    async with world.writing() as log:
        await revoked(log)
        await log.whole_run()

    assert world.verify().ok

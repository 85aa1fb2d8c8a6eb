"""docs/audit-format.md §6.27: what was done for a task is its caller's, in every record of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from placet.audit.client import Appended
from tests.fakes.audit_world import (
    EXECUTOR,
    GENERATOR,
    GUARD,
    PROGRAM_SHA256,
    World,
    Writer,
    approval,
    finished,
    started,
    verdict,
)

ALICE, BOB = "spiffe://placet.local/caller/alice", "spiffe://placet.local/caller/bob"


async def received(log: Writer, caller: str = ALICE) -> Appended:
    return await log.append(
        GENERATOR, "task_received", {"task_sha256": "0" * 64, "caller": caller, "inputs": []}
    )


async def written(log: Writer, caller: str = ALICE) -> None:
    body = {"program_sha256": PROGRAM_SHA256, "attempt": 1, "model": "m", "caller": caller}
    await log.append(GENERATOR, "program_generated", body)


async def begun(log: Writer, caller: str = ALICE, approval_id: str = "a" * 32, **change: object) -> Appended:
    reached = await log.append(GUARD, "verdict_reached", verdict(caller=ALICE))
    await log.append(GUARD, "approval_issued", approval(reached, approval_id=approval_id))
    body = started(caller=caller, approval_id=approval_id, **change)
    return await log.append(EXECUTOR, "run_started", body)


async def whole(log: Writer) -> None:
    await received(log)
    await written(log)
    start = await begun(log, approval_id="w" * 32, peer=GENERATOR)
    end = finished(start, caller=ALICE, approval_id="w" * 32)
    await log.append(EXECUTOR, "run_finished", end)


async def of_its_own(log: Writer) -> None:
    """Whoever calls the executor itself may name any request: nobody asked on their behalf."""
    await received(log)
    await begun(log, caller=BOB)
    await log.append(EXECUTOR, "run_aborted", aborted(caller=BOB))


async def of_before(log: Writer) -> None:
    """Records that older services wrote."""
    await received(log)
    body = {"program_sha256": PROGRAM_SHA256, "attempt": 1, "model": "m"}
    await log.append(GENERATOR, "program_generated", body)
    start = await begun(log, caller=GENERATOR)
    await log.append(EXECUTOR, "run_finished", finished(start))


def aborted(**change: object) -> dict[str, object]:
    return {"run_id": "run", "approval_id": "a" * 32, "reason": "INTERNAL"} | change


async def runs_for_another(log: Writer) -> None:
    await received(log)
    await begun(log, caller=BOB, peer=GENERATOR)


async def runs_for_no_task(log: Writer) -> None:
    await begun(log, peer=GENERATOR)


async def writes_for_another(log: Writer) -> None:
    await received(log)
    await written(log, BOB)


async def writes_for_no_task(log: Writer) -> None:
    await written(log)


async def runs_for_nobody(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict(caller=ALICE))
    await log.append(GUARD, "approval_issued", approval(reached, approval_id="a" * 32))
    body = started(approval_id="a" * 32, peer=GENERATOR)
    await log.append(EXECUTOR, "run_started", {name: body[name] for name in body if name != "caller"})


async def finishes_for_another(log: Writer) -> None:
    await received(log)
    start = await begun(log, peer=GENERATOR)
    await log.append(EXECUTOR, "run_finished", finished(start, caller=BOB))


async def aborts_for_another(log: Writer) -> None:
    await begun(log)
    await log.append(EXECUTOR, "run_aborted", aborted(caller=BOB))


BROKEN = [
    ("run_started", runs_for_another),
    ("run_started", runs_for_no_task),
    ("run_started", runs_for_nobody),
    ("program_generated", writes_for_another),
    ("program_generated", writes_for_no_task),
    ("run_finished", finishes_for_another),
    ("run_aborted", aborts_for_another),
]


async def broken(tmp_path: Path, story) -> list[str]:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    return [found.what for found in world.verify().breaks]


@pytest.mark.parametrize("story", [whole, of_its_own, of_before])
async def test_a_log_that_says_for_whom_it_was_is_good(tmp_path: Path, story) -> None:
    assert await broken(tmp_path, story) == []


@pytest.mark.parametrize(("kind", "story"), BROKEN)
async def test_what_is_put_down_to_another_caller_is_named(tmp_path: Path, kind: str, story) -> None:
    (found,) = await broken(tmp_path, story)
    assert f"({kind})" in found
    assert "caller" in found or "is for" in found

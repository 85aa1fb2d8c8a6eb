"""docs/audit-format.md §6.28: what actions decided can be compiled again by whoever reads the log."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from placet.audit.record import BodyRef, Record
from placet.audit.sentences import sentence
from tests.fakes.audit_world import GUARD, PROGRAM, World, Writer, verdict

PLAN = b'{"steps":[],"version":1}'
PLAN_SHA256 = hashlib.sha256(PLAN).hexdigest()
KIM = "spiffe://placet.local/reviewer/kim"


def decided(**change: object) -> dict[str, object]:
    fields = {"decided_by": "actions", "plan_sha256": PLAN_SHA256, "catalogue_sha256": "c" * 64} | change
    return {name: value for name, value in verdict(**fields).items() if value is not None}


async def whole(log: Writer) -> None:
    await log.append(GUARD, "verdict_reached", decided(), program=PROGRAM, plan=PLAN)


async def names_no_plan(log: Writer) -> None:
    await log.append(GUARD, "verdict_reached", decided(plan_sha256=None), program=PROGRAM, plan=PLAN)


async def shows_no_plan(log: Writer) -> None:
    await log.append(GUARD, "verdict_reached", decided(), program=PROGRAM)


async def denies(log: Writer) -> None:
    await log.append(GUARD, "verdict_reached", decided(verdict="DENIED"), program=PROGRAM, plan=PLAN)


async def shows_another_plan(log: Writer) -> None:
    """§6.15: a kept `plan` has the plain digest that the same record gives it."""
    await log.append(GUARD, "verdict_reached", decided(), program=PROGRAM, plan=PLAN + b" ")


BROKEN = [("verdict_reached", story) for story in (names_no_plan, shows_no_plan, denies)]


async def broken(tmp_path: Path, story) -> list[str]:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    return [found.what for found in world.verify().breaks]


async def test_a_verdict_that_shows_its_plan_is_good(tmp_path: Path) -> None:
    assert await broken(tmp_path, whole) == []


@pytest.mark.parametrize("story", [story for _, story in BROKEN])
async def test_a_verdict_by_actions_without_its_plan_is_named(tmp_path: Path, story) -> None:
    """§6.28: is by `svc/guard`, `ALLOWED`, and names `plan_sha256` and a body `plan`."""
    (found,) = await broken(tmp_path, story)
    assert "actions decide" in found


async def test_another_plan_than_the_one_it_speaks_of_is_named(tmp_path: Path) -> None:
    (found,) = await broken(tmp_path, shows_another_plan)
    assert "'plan'" in found


def written(**body: object) -> str:
    fields = {"program_sha256": "a" * 64, "attempt": 1, "model": "m", **body}
    bodies = (BodyRef("plan", "b" * 64, 3),)
    return sentence(Record("l", "2026-11-30T12:00:00.000000Z", "program_generated", "r", "a", fields, bodies))


def test_a_sentence_says_that_a_program_was_compiled_and_who_wrote_its_plan() -> None:
    assert "written by m, attempt 1" in written()
    assert f"compiled from plan {PLAN_SHA256[:12]}, which was written by m" in written(
        plan_sha256=PLAN_SHA256
    )
    assert "in the task's own words" in written(plan_sha256=PLAN_SHA256, model="")

"""Attack: one person approves what several had to allow (docs/audit-format.md §6.16)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_world import GUARD, OTHER_SHA256, SCOPE, World, Writer, approval, verdict
from tests.fakes.people import Deciding, at_the_console
from tests.fakes.weakened import without

KIM, LEE, MAX = (f"spiffe://placet.local/reviewer/{name}" for name in ("kim", "lee", "max"))
OTHER_SCOPE = {**SCOPE, "sha256": "6" * 64}


async def needs(log: Writer, quorum: int, **change: object) -> None:
    await log.append(GUARD, "verdict_reached", verdict(verdict="NEEDS_REVIEW", quorum=quorum, **change))


async def votes(log: Writer, who: str, **change: object) -> None:
    name = who.rpartition("/")[2]
    vote = {
        "verdict": "ALLOWED",
        "program_sha256": verdict()["program_sha256"],
        "scope": SCOPE,
        "decided_by": f"human:{name}",
        "reason": "looked at it",
    }
    await log.append(who, "review_given", vote | change)


async def approves(log: Writer, who: str = KIM) -> None:
    by = {"decided_by": f"human:{who.rpartition('/')[2]}"}
    reached = await log.append(who, "verdict_reached", verdict(**by))
    await log.append(who, "approval_issued", approval(reached, **by))


async def alone(log: Writer) -> None:
    await needs(log, 2)
    await approves(log)


async def with_ones_own_vote_as_well(log: Writer) -> None:
    await needs(log, 2)
    await votes(log, KIM)
    await approves(log)


async def with_one_of_three_missing(log: Writer) -> None:
    await needs(log, 3)
    await votes(log, LEE)
    await votes(log, LEE)
    await approves(log)


async def with_a_vote_on_another_program(log: Writer) -> None:
    await needs(log, 2)
    await votes(log, LEE, program_sha256=OTHER_SHA256)
    await approves(log)


async def with_a_vote_in_another_scope(log: Writer) -> None:
    await needs(log, 2)
    await votes(log, LEE, scope=OTHER_SCOPE)
    await approves(log)


async def with_a_vote_that_was_taken_back(log: Writer) -> None:
    await needs(log, 2)
    await votes(log, LEE)
    await votes(log, LEE, verdict="DENIED")
    await approves(log)


async def with_a_vote_that_came_later(log: Writer) -> None:
    await needs(log, 2)
    await approves(log)
    await votes(log, LEE)


async def after_a_verdict_that_names_no_quorum(log: Writer) -> None:
    """A reviewer cannot lower what the guard has said."""
    await needs(log, 2)
    await log.append(KIM, "verdict_reached", verdict(decided_by="human:kim", quorum=1))
    await approves(log)


async def with_a_vote_on_another_item(log: Writer) -> None:
    """Who allowed it in one request did not allow it in another, with other inputs."""
    await (await at_the_console(log, quorum=2)).decides("lee", quorum=2)
    await closes(await at_the_console(log, quorum=2))


async def with_too_few_for_this_item(log: Writer) -> None:
    """A grave finding needs more people than the scope."""
    await needs(log, 1)
    await closes(await at_the_console(log, quorum=3))


async def closes(item: Deciding) -> None:
    await item.decides("kim", quorum=2)
    await item.issues("kim", await item.closes("kim"))


@pytest.mark.parametrize(
    "story",
    [
        with_a_vote_on_another_item,
        with_too_few_for_this_item,
        alone,
        with_ones_own_vote_as_well,
        with_one_of_three_missing,
        with_a_vote_on_another_program,
        with_a_vote_in_another_scope,
        with_a_vote_that_was_taken_back,
        with_a_vote_that_came_later,
        after_a_verdict_that_names_no_quorum,
    ],
)
async def test_it_is_named(tmp_path: Path, story, monkeypatch) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    report = world.verify()

    assert report.first_break is not None
    assert "people to allow" in report.first_break.what
    assert "(approval_issued)" in report.first_break.what

    without(monkeypatch, "quorum")
    assert world.verify().ok, "nothing but this check finds it"


async def test_enough_people_are_enough(tmp_path: Path) -> None:
    """Not an attack."""
    world = World(tmp_path)
    async with world.writing() as log:
        await needs(log, 3)
        await votes(log, LEE)
        await votes(log, MAX)
        await approves(log)
    report = world.verify()

    assert report.ok, report.first_break
    assert report.summary.by_people == 1


async def test_a_scope_that_names_no_quorum_needs_one(tmp_path: Path) -> None:
    """Not an attack."""
    world = World(tmp_path)
    async with world.writing() as log:
        await needs(log, 2, scope=OTHER_SCOPE)
        await approves(log)

    assert world.verify().ok

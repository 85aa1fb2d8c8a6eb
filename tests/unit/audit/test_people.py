"""People decide: docs/audit-format.md §16, and what its verifier says when they do not (§6.20 to §6.24)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from placet.approval.envelope import sign
from placet.audit.verify import Report
from tests.fakes.audit_world import GUARD, OTHER_SHA256, SCOPE, World, Writer, verdict
from tests.fakes.people import CONSOLE, KEYS, REVIEWERS, Deciding, asks, at_the_console
from tests.fakes.weakened import without, without_step

OTHER_SCOPE = {**SCOPE, "sha256": "6" * 64}
KIM = "spiffe://placet.local/reviewer/kim"


async def told(tmp_path: Path, story) -> World:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    return world


def broken(report: Report) -> str:
    assert report.first_break is not None
    return report.first_break.what


async def one_allows(log: Writer) -> None:
    await (await at_the_console(log)).approves("kim")


async def one_denies(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim", verdict="DENIED")
    await item.closes("kim", "DENIED")


async def two_allow(log: Writer) -> None:
    item = await at_the_console(log, quorum=2)
    await item.decides("lee", quorum=2)
    await item.approves("kim")


async def two_allow_and_it_runs(log: Writer) -> None:
    item = await at_the_console(log, quorum=2)
    others = await item.decides("lee", quorum=2)
    await item.approves("kim")
    await item.runs(hashlib.sha256(others).hexdigest())


async def claims_and_labels(log: Writer) -> None:
    item = await at_the_console(log)
    claim = {"verdict_index": item.item.index, "decided_by": "human:kim"}
    on = {"program_sha256": verdict()["program_sha256"]}
    await log.append(CONSOLE, "review_claimed", {**claim, **on, "until": "2026-11-30T04:00:00Z"})
    await log.append(CONSOLE, "review_released", claim)
    label = {"label": "wrong", "rule": "", "line": 0, "verdict": "DENIED", "why": "", "blind": False}
    await log.append(CONSOLE, "label_given", {**claim, **on, **label})


@pytest.mark.parametrize(
    "story", [one_allows, one_denies, two_allow, two_allow_and_it_runs, claims_and_labels]
)
async def test_what_people_do_in_order_is_proven(tmp_path: Path, story) -> None:
    assert (await told(tmp_path, story)).verify(reviewers=REVIEWERS).breaks == []


async def test_the_signatures_of_people_are_counted(tmp_path: Path) -> None:
    world = await told(tmp_path, two_allow)

    assert world.verify(reviewers=REVIEWERS).people_signed == 3
    assert world.verify().people_signed is None


async def test_a_higher_quorum_for_one_program_is_none_for_the_next(tmp_path: Path) -> None:
    """§6.16: with a `reviewed_index`, the record named there says how many."""

    async def story(log: Writer) -> None:
        await asks(log, quorum=3)
        await one_allows(log)

    assert (await told(tmp_path, story)).verify().ok


# What may not follow. Each story, and a part of what the verifier says.


async def decides_what_nobody_asked(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict(verdict="DENIED"))
    await Deciding(log, reached).decides("kim")


async def decides_about_the_future(log: Writer) -> None:
    item = await at_the_console(log)
    item.item = type(item.item)(99, item.item.leaf_hash, "")
    await item.decides("kim")


async def decides_about_another_program(log: Writer) -> None:
    await (await at_the_console(log, program_sha256=OTHER_SHA256)).decides("kim")


async def decides_in_another_scope(log: Writer) -> None:
    await (await at_the_console(log, scope=OTHER_SCOPE)).decides("kim")


async def closes_in_another_scope(log: Writer) -> None:
    item = await at_the_console(log, scope=OTHER_SCOPE)
    by: dict[str, object] = {"decided_by": "human:kim", "reviewed_index": item.item.index}
    await log.append(KIM, "verdict_reached", verdict(**by))


async def labels_another_program(log: Writer) -> None:
    item = await at_the_console(log)
    label = {"label": "wrong", "rule": "", "line": 0, "verdict": "DENIED", "why": "", "blind": False}
    about = {"verdict_index": item.item.index, "program_sha256": OTHER_SHA256, "decided_by": "human:kim"}
    await log.append(CONSOLE, "label_given", about | label)


async def claims_what_is_no_item(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    claim = {"verdict_index": reached.index, "program_sha256": verdict()["program_sha256"]}
    await log.append(CONSOLE, "review_claimed", {**claim, "decided_by": "human:kim", "until": "later"})


async def signs_what_was_not_issued(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim")
    reached = await item.closes("kim")
    await item.signs(reached, sign(item.statement("kim", reached), KEYS["kim"]))


async def signs_twice(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim")
    issued, statement = await item.issues("kim", await item.closes("kim"))
    for _ in range(2):
        await item.signs(issued, sign(statement, KEYS["kim"]))


async def signs_another_approval(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim")
    issued, statement = await item.issues("kim", await item.closes("kim"))
    await item.signs(issued, sign(statement, KEYS["kim"]), approval_id="b" * 32)


async def approves_for_another_person(log: Writer) -> None:
    """The one who allowed it is the one who approves it (§6.22)."""
    item = await at_the_console(log)
    await item.decides("kim")
    await item.issues("lee", await item.closes("kim"))


async def runs_on_decisions_that_the_log_never_saw(log: Writer) -> None:
    """§6.26: console and executor agreed beside the log."""
    item = await at_the_console(log)
    await item.approves("kim")
    await item.runs("7" * 64)


async def runs_on_a_decision_about_another_program(log: Writer) -> None:
    other = await at_the_console(log, program_sha256=OTHER_SHA256)
    body = await other.shown_elsewhere()
    item = await at_the_console(log)
    await item.approves("kim")
    await item.runs(body)


BROKEN = [
    ("review_given", decides_what_nobody_asked, "no earlier NEEDS_REVIEW"),
    ("review_given", decides_about_the_future, "no earlier NEEDS_REVIEW"),
    ("review_given", decides_about_another_program, "not that of record 0"),
    ("review_given", decides_in_another_scope, "not that of record 0"),
    ("verdict_reached", closes_in_another_scope, "not that of record 0"),
    ("label_given", labels_another_program, "no earlier verdict_reached on that program"),
    ("review_claimed", claims_what_is_no_item, "no item on that program"),
    ("approval_signed", signs_what_was_not_issued, "no approval_issued before it"),
    ("approval_signed", signs_twice, "has the signature under record"),
    ("approval_signed", signs_another_approval, "its approval_id is not that"),
    ("approval_issued", approves_for_another_person, "did not reach the verdict"),
    ("run_started", runs_on_decisions_that_the_log_never_saw, "is in no review_given on its program"),
    ("run_started", runs_on_a_decision_about_another_program, "is in no review_given on its program"),
]


@pytest.mark.parametrize(("kind", "story", "says"), BROKEN)
async def test_what_may_not_follow_is_named(tmp_path: Path, kind: str, story, says: str, monkeypatch) -> None:
    world = await told(tmp_path, story)
    what = broken(world.verify())

    assert says in what
    assert f"({kind})" in what

    without_step(monkeypatch, kind)
    assert world.verify().ok, "nothing but this kind's rule finds it"


async def test_without_the_check_of_statements_nothing_else_would_find_a_wrong_one(
    tmp_path: Path, monkeypatch
) -> None:
    async def story(log: Writer) -> None:
        item = await at_the_console(log)
        await item.decides("kim", signed=b"{}")

    world = await told(tmp_path, story)
    assert "its decision does not hold" in broken(world.verify())

    without(monkeypatch, "statements")
    assert world.verify().ok

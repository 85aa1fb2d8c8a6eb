"""Attack: the log keeps a person's true signature under a record that says something else (§6.23)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from placet.approval import LogRef, ScopeRef
from placet.approval.decision import sign_decision
from placet.approval.envelope import sign
from tests.fakes.audit_world import ORIGIN, World, Writer
from tests.fakes.people import KEYS, REVIEWERS, at_the_console
from tests.fakes.weakened import without

OTHERS: dict[str, dict[str, Any]] = {
    "verdict": {"verdict": "DENIED"},
    "program": {"program_sha256": b"\x01" * 32},
    "scope": {"scope": ScopeRef("data-analysis", 1, b"\x02" * 32)},
    "person": {"decided_by": "human:lee"},
    "reason": {"reason": "I was not sure"},
    "request": {"request_id": "req-2"},
    "item": {"reviewed": LogRef(ORIGIN, 7, b"\x03" * 32)},
    "review token": {"review_token": b"\x04" * 32},
}


def saying_another(what: str) -> Callable[[Writer], Awaitable[None]]:
    """kim's true signature under something else."""

    async def story(log: Writer) -> None:
        item = await at_the_console(log)
        signed = item.says("kim", **OTHERS[what])
        await item.decides("kim", signed=sign_decision(signed, KEYS["kim"]))

    return story


async def signs_another_statement(log: Writer) -> None:
    """§6.24: the approval that is kept is an envelope around the recorded statement."""
    item = await at_the_console(log)
    await item.decides("kim")
    issued, statement = await item.issues("kim", await item.closes("kim"))
    later = str(datetime.now(UTC).year + 1).encode()
    await item.signs(issued, sign(statement.replace(later, b"2099"), KEYS["kim"]))


STORIES = [*map(saying_another, OTHERS), signs_another_statement]


@pytest.mark.parametrize("what", OTHERS)
async def test_each_difference_is_named(tmp_path: Path, what: str, monkeypatch) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await saying_another(what)(log)
    report = world.verify()

    assert report.first_break is not None
    assert f"says another {what} than the record" in report.first_break.what

    without(monkeypatch, "statements")
    assert world.verify().ok, "nothing but this check finds it"


async def test_another_statement_than_the_recorded_one_is_signed(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await signs_another_statement(log)
    report = world.verify()

    assert report.first_break is not None
    assert "is not the statement of record" in report.first_break.what


async def test_a_decision_that_was_kept_cannot_be_exchanged_for_another_true_one(tmp_path: Path) -> None:
    """Of the same person, on the same program, in another item."""
    world = World(tmp_path)
    async with world.writing() as log:
        first = await at_the_console(log)
        true = await first.decides("kim")
        await (await at_the_console(log)).decides("kim", signed=true)
    report = world.verify(reviewers=REVIEWERS)

    assert [found.index for found in report.breaks] == [3]
    assert "another item" in report.breaks[0].what

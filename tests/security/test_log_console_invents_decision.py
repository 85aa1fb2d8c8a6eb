"""Attack: the console says that a person decided, and they did not (docs/audit-format.md §6.22, §6.23)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_world import SCOPE, World, Writer, verdict
from tests.fakes.people import CONSOLE, at_the_console
from tests.fakes.weakened import without_step


def vote(**change: object) -> dict[str, object]:
    return {
        "verdict": "ALLOWED",
        "program_sha256": verdict()["program_sha256"],
        "scope": SCOPE,
        "decided_by": "human:kim",
        "reason": "fine",
        "verdict_index": 0,
        "review_token": "7" * 64,
        "envelope_sha256": "8" * 64,
    } | change


async def without_a_decision(log: Writer) -> None:
    await (await at_the_console(log)).closes("kim")


async def with_the_decision_of_another(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("lee")
    await item.closes("kim")


async def against_the_decision(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim", verdict="DENIED")
    await item.closes("kim")


async def with_a_decision_on_another_item(log: Writer) -> None:
    await (await at_the_console(log)).decides("kim")
    await (await at_the_console(log)).closes("kim")


async def about_no_item(log: Writer) -> None:
    await log.append(CONSOLE, "verdict_reached", verdict(decided_by="human:kim"))


async def without_showing_what_was_signed(log: Writer) -> None:
    await at_the_console(log)
    await log.append(CONSOLE, "review_given", vote())


async def without_saying_what_was_shown(log: Writer) -> None:
    item = await at_the_console(log)
    body = {name: value for name, value in vote().items() if name != "review_token"}
    await log.append(CONSOLE, "review_given", body, decision=b"x")
    assert item


STORIES = [
    ("verdict_reached", without_a_decision, "no review_given before it is human:kim's ALLOWED"),
    ("verdict_reached", with_the_decision_of_another, "no review_given before it is human:kim's ALLOWED"),
    ("verdict_reached", against_the_decision, "no review_given before it is human:kim's ALLOWED"),
    ("verdict_reached", with_a_decision_on_another_item, "on record 2"),
    ("verdict_reached", about_no_item, "it has no reviewed_index"),
    ("review_given", without_showing_what_was_signed, "it has no decision"),
    ("review_given", without_saying_what_was_shown, "it has no review_token"),
]


@pytest.mark.parametrize(("kind", "story", "says"), STORIES)
async def test_it_is_named(tmp_path: Path, kind: str, story, says: str, monkeypatch) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    found = [broken.what for broken in world.verify().breaks]

    assert any(says in what and f"({kind})" in what for what in found), found

    without_step(monkeypatch, kind)
    assert not any(says in broken.what for broken in world.verify().breaks)

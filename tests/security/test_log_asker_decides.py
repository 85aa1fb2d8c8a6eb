"""Attack: whoever asked for a program allows it as well (docs/audit-format.md §6.21)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_world import World, Writer, verdict
from tests.fakes.people import at_the_console
from tests.fakes.weakened import without

KIM = "spiffe://placet.local/reviewer/kim"


async def as_a_caller(log: Writer) -> None:
    await (await at_the_console(log, caller="spiffe://placet.local/caller/kim")).decides("kim")


async def as_a_reviewer(log: Writer) -> None:
    await (await at_the_console(log, caller=KIM)).decides("kim")


async def denying_it(log: Writer) -> None:
    """To stop somebody else from looking."""
    await (await at_the_console(log, caller=KIM)).decides("kim", verdict="DENIED")


async def without_the_console(log: Writer) -> None:
    item = await at_the_console(log, caller=KIM)
    by: dict[str, object] = {"decided_by": "human:kim", "reviewed_index": item.item.index}
    await log.append(KIM, "verdict_reached", verdict(**by))


@pytest.mark.parametrize("story", [as_a_caller, as_a_reviewer, denying_it, without_the_console])
async def test_it_is_named(tmp_path: Path, story, monkeypatch) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    report = world.verify()

    assert report.first_break is not None
    assert "kim asked for what record 0 is about" in report.first_break.what

    without(monkeypatch, "asker")
    assert world.verify().ok, "nothing but this check finds it"


async def test_somebody_else_may(tmp_path: Path) -> None:
    """Not an attack; nor is a service of that name."""
    world = World(tmp_path)
    async with world.writing() as log:
        await (await at_the_console(log, caller=KIM)).approves("lee")

    assert world.verify().ok

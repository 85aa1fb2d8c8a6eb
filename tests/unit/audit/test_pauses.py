"""docs/audit-format.md §6.12: a pause of a caller ends at most once, and only one that began."""

from pathlib import Path

import pytest

from placet.audit.actors import refusal
from tests.fakes.audit_world import AUDIT, EXECUTOR, GENERATOR, GUARD, World, Writer

WHO = {"caller": "spiffe://placet.local/caller/team", "scope_name": "data-analysis"}
PAUSED = {**WHO, "denials": 3, "why": "in_a_row", "pause_s": 300}
HUMAN = "spiffe://placet.local/reviewer/kim"


async def paused(log: Writer) -> int:
    return (await log.append(GUARD, "caller_paused", PAUSED)).index


async def resumed(log: Writer, index: int, **change: object) -> None:
    await log.append(GUARD, "caller_resumed", {**WHO, "paused_index": index, **change})


async def ends_twice(log: Writer) -> None:
    index = await paused(log)
    await resumed(log, index)
    await resumed(log, index)


async def ends_without_a_begin(log: Writer) -> None:
    await resumed(log, 0)


async def ends_for_another(log: Writer) -> None:
    await resumed(log, await paused(log), caller="spiffe://placet.local/caller/hr")


async def ends_in_another_scope(log: Writer) -> None:
    await resumed(log, await paused(log), scope_name="payroll")


async def told(tmp_path: Path, story):
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    return world.verify()


async def test_a_pause_with_or_without_an_end_is_a_good_log(tmp_path: Path) -> None:
    async def story(log: Writer) -> None:
        await resumed(log, await paused(log))
        await paused(log)

    report = await told(tmp_path, story)
    assert report.ok, report


@pytest.mark.parametrize("story", [ends_twice, ends_without_a_begin, ends_for_another, ends_in_another_scope])
async def test_an_end_that_fits_no_pause_is_named(tmp_path: Path, story) -> None:
    report = await told(tmp_path, story)
    assert not report.ok
    assert "caller_paused" in str(report.first_break)


@pytest.mark.parametrize("kind", ["caller_paused", "caller_resumed"])
def test_the_guard_alone_may_say_so(kind: str) -> None:
    assert refusal(GUARD, kind, {}) is None
    assert all(refusal(actor, kind, {}) for actor in (GENERATOR, EXECUTOR, AUDIT, HUMAN))

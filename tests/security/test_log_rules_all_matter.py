"""Attack: each way in which a record may not stand where it stands, and a verifier without that very rule.

A rule whose removal changes nothing would be decoration (docs/audit-format.md §6.8 to §6.12, §6.27, §6.28).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_world import World
from tests.fakes.weakened import without, without_step
from tests.unit.audit import test_by_actions as by_actions
from tests.unit.audit import test_chain as told
from tests.unit.audit import test_pauses as paused
from tests.unit.audit import test_whose as whose

BY_STEP = [
    ("approval_issued", told.approves_a_denial),
    ("approval_issued", told.approves_a_wrong_leaf),
    ("approval_issued", told.approves_the_future),
    ("approval_issued", told.approves_another_program),
    ("approval_issued", told.approves_another_scope),
    ("approval_issued", told.approves_for_somebody_else),
    ("approval_issued", told.reuses_an_approval_id),
    ("run_started", told.starts_without_approval),
    ("run_started", told.starts_another_program),
    ("run_started", told.starts_another_statement),
    ("run_started", told.starts_with_another_input),
    ("run_started", told.starts_expired),
    ("run_started", told.starts_before_it_was_issued),
    ("run_finished", told.finishes_what_never_started),
    ("run_finished", told.finishes_twice),
    ("run_finished", told.finishes_another_program),
    ("run_aborted", told.aborts_what_never_started),
    ("caller_resumed", paused.ends_twice),
    ("caller_resumed", paused.ends_without_a_begin),
    ("caller_resumed", paused.ends_for_another),
    ("caller_resumed", paused.ends_in_another_scope),
    *whose.BROKEN,
    *by_actions.BROKEN,
]
BY_CHECK = [
    ("actors", told.starts_from_the_generator),
    ("actors", told.decides_in_a_humans_name),
    ("window", told.starts_expired),
    ("window", told.has_no_readable_expiry),
    ("one end", told.finishes_twice),
]


async def world_of(tmp_path: Path, story) -> World:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    return world


@pytest.mark.parametrize(("kind", "story"), BY_STEP)
async def test_without_its_kinds_rule_it_passes(tmp_path: Path, kind: str, story, monkeypatch) -> None:
    world = await world_of(tmp_path, story)
    assert not world.verify().ok

    without_step(monkeypatch, kind)
    assert world.verify().ok


@pytest.mark.parametrize(("check", "story"), BY_CHECK)
async def test_without_its_check_it_passes(tmp_path: Path, check: str, story, monkeypatch) -> None:
    world = await world_of(tmp_path, story)
    assert not world.verify().ok

    without(monkeypatch, check)
    assert world.verify().ok


async def test_a_broken_rule_does_not_hide_the_next(tmp_path: Path) -> None:
    """§6.18: the verifier MUST go on and name the others as well."""

    async def story(log) -> None:
        await told.approves_a_denial(log)
        await log.whole_run("2")
        await told.finishes_what_never_started(log)
        await told.decides_in_a_humans_name(log)

    report = (await world_of(tmp_path, story)).verify()

    assert [found.index for found in report.breaks] == [1, 6, 7]
    assert report.records == 8
    assert report.root
    assert len([line for line in report.lines() if "also: " in line]) == 2


async def test_at_most_a_hundred_are_named(tmp_path: Path) -> None:
    async def story(log) -> None:
        for _ in range(120):
            await told.finishes_what_never_started(log)

    report = (await world_of(tmp_path, story)).verify()

    assert len(report.breaks) == 100
    assert any("and more" in line for line in report.lines())

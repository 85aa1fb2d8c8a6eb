"""Attack: a service records one program and keeps another beside it, both properly salted and digested."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_world import EXECUTOR, GUARD, World, Writer, approval, finished, started, verdict
from tests.fakes.weakened import without


async def keeps_another_program(log: Writer) -> None:
    await log.append(GUARD, "verdict_reached", verdict(), program=b"print(2)\n")


async def keeps_another_statement(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(GUARD, "approval_issued", approval(reached), statement=b"another")


async def keeps_another_output(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(GUARD, "approval_issued", approval(reached))
    start = await log.append(EXECUTOR, "run_started", started())
    await log.append(EXECUTOR, "run_finished", finished(start), stdout=b"2\n")


async def keeps_another_figure(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(GUARD, "approval_issued", approval(reached))
    start = await log.append(EXECUTOR, "run_started", started())
    handed = {"artifacts": [{"name": "a.png", "sha256": "0" * 64, "size": 3}]}
    await log.append(EXECUTOR, "run_finished", finished(start) | handed, **{"artifact/a.png": b"png"})


async def keeps_a_figure_of_no_file(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(GUARD, "approval_issued", approval(reached))
    start = await log.append(EXECUTOR, "run_started", started())
    await log.append(EXECUTOR, "run_finished", finished(start), **{"artifact/b.png": b"png"})


@pytest.mark.parametrize(
    ("story", "role"),
    [
        (keeps_another_program, "program"),
        (keeps_another_statement, "statement"),
        (keeps_another_output, "stdout"),
        (keeps_another_figure, "artifact/a.png"),
        (keeps_a_figure_of_no_file, "artifact/b.png"),
    ],
)
async def test_it_is_named(tmp_path: Path, story, role: str, monkeypatch) -> None:
    """docs/audit-format.md §6.15."""
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == report.records - 1
    assert f"its body '{role}'" in report.first_break.what

    without(monkeypatch, "same content")
    assert world.verify().ok, "nothing but this check finds it"


async def test_a_body_that_is_kept_twice_is_named(tmp_path: Path) -> None:
    """docs/audit-format.md §6.14: the good one does not cover for another under the same role."""
    world = World(tmp_path)
    async with world.writing() as log:
        await log.append(GUARD, "verdict_reached", verdict(), task=b"what was asked")
    assert world.verify().ok

    world.tamper(
        "CREATE TABLE other AS SELECT idx, role, class, salt, x'00' AS content, erased_by FROM body "
        "UNION ALL SELECT idx, role, class, salt, content, erased_by FROM body",
        "DROP TABLE body",
        "ALTER TABLE other RENAME TO body",
    )
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.what == "record 0 has a body twice"

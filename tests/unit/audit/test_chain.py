"""docs/audit-format.md §6.8 to §6.11: a record that may not stand where it stands is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from placet.audit.client import Appended
from placet.audit.verify import Report
from tests.fakes.audit_world import (
    AUDIT,
    EXECUTOR,
    GENERATOR,
    GUARD,
    OTHER_SHA256,
    World,
    Writer,
    approval,
    finished,
    started,
    verdict,
)

Story = Callable[[Writer], Awaitable[object]]
HUMAN = "spiffe://placet.local/reviewer/kim"


async def told(tmp_path: Path, story: Story) -> Report:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    return world.verify()


async def issued(log: Writer, actor: str = GUARD, **change: object) -> Appended:
    reached = await log.append(actor, "verdict_reached", verdict())
    return await log.append(actor, "approval_issued", approval(reached, **change))


async def begun(log: Writer, **change: object) -> Appended:
    await issued(log)
    return await log.append(EXECUTOR, "run_started", started(**change))


async def approves_a_denial(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict(verdict="DENIED"))
    await log.append(GUARD, "approval_issued", approval(reached))


async def approves_a_wrong_leaf(log: Writer) -> None:
    await issued(log, verdict_leaf_hash="0" * 64)


async def approves_the_future(log: Writer) -> None:
    await issued(log, verdict_index=5)


async def approves_another_program(log: Writer) -> None:
    await issued(log, program_sha256=OTHER_SHA256)


async def approves_another_scope(log: Writer) -> None:
    await issued(log, scope={"name": "data-analysis", "version": 2, "sha256": "6" * 64})


async def approves_for_somebody_else(log: Writer) -> None:
    reached = await log.append(GUARD, "verdict_reached", verdict())
    await log.append(HUMAN, "approval_issued", approval(reached, decided_by="human:kim"))


async def reuses_an_approval_id(log: Writer) -> None:
    await issued(log)
    await issued(log)


async def starts_without_approval(log: Writer) -> None:
    await log.append(EXECUTOR, "run_started", started())


async def starts_another_program(log: Writer) -> None:
    await begun(log, program_sha256=OTHER_SHA256)


async def starts_another_statement(log: Writer) -> None:
    await begun(log, statement_sha256="1" * 64)


async def starts_with_another_input(log: Writer) -> None:
    await begun(log, inputs=[{"name": "a.csv", "sha256": "1" * 64, "size": 3}])


async def starts_expired(log: Writer) -> None:
    await issued(log, issued_at="2020-01-01T00:00:00Z", expires_at="2020-01-01T00:05:00Z")
    await log.append(EXECUTOR, "run_started", started())


async def starts_before_it_was_issued(log: Writer) -> None:
    await issued(log, issued_at="2999-01-01T00:00:00Z", expires_at="2999-01-01T00:05:00Z")
    await log.append(EXECUTOR, "run_started", started())


async def has_no_readable_expiry(log: Writer) -> None:
    await issued(log, expires_at="soon")
    await log.append(EXECUTOR, "run_started", started())


async def finishes_what_never_started(log: Writer) -> None:
    await log.append(EXECUTOR, "run_finished", finished(Appended(0, b"", "")))


async def finishes_twice(log: Writer) -> None:
    start = await begun(log)
    await log.append(EXECUTOR, "run_finished", finished(start))
    await log.append(EXECUTOR, "run_finished", finished(start, status="TIMED_OUT"))


async def finishes_another_program(log: Writer) -> None:
    await log.append(EXECUTOR, "run_finished", finished(await begun(log), program_sha256=OTHER_SHA256))


async def aborts_what_never_started(log: Writer) -> None:
    await log.append(
        EXECUTOR, "run_aborted", {"run_id": "run", "approval_id": "a" * 32, "reason": "SANDBOX_UNAVAILABLE"}
    )


async def starts_from_the_generator(log: Writer) -> None:
    await issued(log)
    await log.append(GENERATOR, "run_started", started())


async def decides_in_a_humans_name(log: Writer) -> None:
    await log.append(GUARD, "verdict_reached", verdict(decided_by="human:kim"))


@pytest.mark.parametrize(
    ("story", "index", "what"),
    [
        (approves_a_denial, 1, "not ALLOWED"),
        (approves_a_wrong_leaf, 1, "no earlier verdict"),
        (approves_the_future, 1, "no earlier verdict"),
        (approves_another_program, 1, "program_sha256"),
        (approves_another_scope, 1, "scope"),
        (approves_for_somebody_else, 1, "did not reach the verdict"),
        (reuses_an_approval_id, 3, "issued before"),
        (starts_without_approval, 0, "no approval_issued"),
        (starts_another_program, 2, "program_sha256"),
        (starts_another_statement, 2, "statement_sha256"),
        (starts_with_another_input, 2, "inputs"),
        (starts_expired, 2, "outside its approval's time"),
        (starts_before_it_was_issued, 2, "outside its approval's time"),
        (has_no_readable_expiry, 2, "not a time"),
        (finishes_what_never_started, 0, "no run_started"),
        (finishes_twice, 4, "already ended"),
        (finishes_another_program, 3, "program_sha256"),
        (aborts_what_never_started, 0, "no run_started"),
        (starts_from_the_generator, 2, "may not append"),
        (decides_in_a_humans_name, 0, "human's name"),
    ],
)
async def test_a_broken_chain_is_named(tmp_path: Path, story: Story, index: int, what: str) -> None:
    report = await told(tmp_path, story)

    assert report.first_break is not None
    assert report.first_break.index == index
    assert what in report.first_break.what
    assert f"record {index}" in report.first_break.what
    assert report.first_break.meaning


async def test_a_humans_approval_is_as_good(tmp_path: Path) -> None:
    async def story(log: Writer) -> None:
        reached = await log.append(HUMAN, "verdict_reached", verdict(decided_by="human:kim"))
        await log.append(HUMAN, "approval_issued", approval(reached, decided_by="human:kim"))
        start = await log.append(EXECUTOR, "run_started", started())
        await log.append(EXECUTOR, "run_finished", finished(start))

    report = await told(tmp_path, story)

    assert report.ok, report.first_break
    assert report.runs_finished == 1


async def test_a_run_without_an_end_is_a_note(tmp_path: Path) -> None:
    report = await told(tmp_path, begun)

    assert report.ok
    assert report.runs_unfinished == [2]
    assert any("have no end" in note for note in report.notes)


async def test_an_aborted_run_has_ended(tmp_path: Path) -> None:
    async def story(log: Writer) -> None:
        await begun(log)
        await log.append(
            EXECUTOR,
            "run_aborted",
            {"run_id": "run", "approval_id": "a" * 32, "reason": "SANDBOX_UNAVAILABLE"},
        )

    report = await told(tmp_path, story)

    assert report.ok, report.first_break
    assert report.runs_unfinished == []


async def test_heartbeats_count_what_precedes_them(tmp_path: Path) -> None:
    async def story(log: Writer) -> None:
        await log.append(AUDIT, "log_started", {"size": 0})
        await log.whole_run()
        await log.append(AUDIT, "heartbeat", {"size": 0})

    report = await told(tmp_path, story)

    assert report.ok, report.first_break
    assert report.records == 6


async def test_the_report_reads_as_text_and_as_json(tmp_path: Path) -> None:
    good = await told(tmp_path, lambda log: log.whole_run())

    assert good.lines()[0] == "Log placet.local/log: VERIFIED"
    assert good.to_json()["ok"] is True
    assert good.to_json()["first_break"] is None
    assert good.exit_code == 0

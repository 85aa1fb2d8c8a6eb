"""What `placet audit verify` tells people and programs."""

from __future__ import annotations

from pathlib import Path

from placet.audit.record import Record
from placet.audit.report import MAX_BREAKS, Break, Report, Summary
from tests.fakes.any_records import record
from tests.fakes.audit_world import AUDIT, World


def heartbeat(time: str) -> Record:
    return record("heartbeat", {"size": 0}, time=time)


def test_the_longest_silence_and_the_record_that_ended_it_are_told() -> None:
    summary = Summary()
    for time in ("00:00:00", "00:00:59", "00:02:30", "01:02:30", "01:03:00"):
        summary.count(heartbeat(f"2026-01-01T{time}.000000Z"))

    assert summary.silence_before == 3
    assert summary.to_json()["longest_silence_s"] == 3600
    assert any("longest silence: 1:00:00, before record 3" in line for line in summary.lines())


def test_a_log_that_never_paused_says_nothing_of_silence() -> None:
    summary = Summary()
    for second in range(60):
        summary.count(heartbeat(f"2026-01-01T00:00:{second:02}.000000Z"))

    assert not any("silence" in line for line in summary.lines())


def test_the_conclusion_comes_first_and_a_break_is_told_with_its_meaning() -> None:
    report = Report(log="placet.local/log", records=7)
    report.add(Break(7, "record 7 is missing", "A record was dropped."))
    report.add(Break(9, "record 9 is odd", "Odd."))

    assert report.lines()[:5] == [
        "Log placet.local/log: BROKEN",
        "  first break: record 7 is missing",
        "    what it means: A record was dropped.",
        "  also: record 9 is odd",
        "    what it means: Odd.",
    ]
    assert report.exit_code == 1
    assert str(report.first_break) == "record 7 is missing. A record was dropped."


def test_breaks_beyond_the_hundredth_are_not_kept() -> None:
    report = Report()
    for index in range(MAX_BREAKS + 5):
        report.add(Break(index, "x", "y"))

    assert len(report.breaks) == MAX_BREAKS


async def test_a_whole_report_has_every_count(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.append(AUDIT, "log_started", {"size": 0})
        await log.whole_run()
    found = world.verify().to_json()

    assert found["summary"]["kinds"]["log_started"] == 1  # type: ignore[index]
    assert (found["records"], found["runs_finished"], found["approvals"]) == (5, 1, 1)
    assert found["checkpoint_size"] == 5
    assert found["witnessed_size"] is None

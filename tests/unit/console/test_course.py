"""What the clock says of one request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from audit_svc.console.course import Course

BEGAN = datetime(2026, 11, 30, tzinfo=UTC)


def reached(*records: tuple[str, str]) -> list[tuple[str, float]]:
    """Milestones of a request with a record each second."""
    (first, verdict), *others = records
    course = Course.from_first(first, BEGAN, verdict)
    steps = (
        course.step(kind, BEGAN + timedelta(seconds=n), said)
        for n, (kind, said) in enumerate(others, start=1)
    )
    return [step for step in steps if step]


def test_a_task_ends_when_it_is_finished_and_not_with_its_run() -> None:
    told = [
        ("task_received", ""),
        ("verdict_reached", "ALLOWED"),
        ("run_finished", ""),
        ("task_finished", ""),
    ]
    assert reached(*told) == [("to_verdict", 1), ("to_end", 3)]


def test_the_first_of_several_verdicts_counts() -> None:
    told = [("task_received", ""), ("verdict_reached", "DENIED"), ("verdict_reached", "ALLOWED")]
    assert reached(*told) == [("to_verdict", 1)]


def test_a_program_that_was_brought_took_no_time_until_its_verdict() -> None:
    told = [("verdict_reached", "ALLOWED"), ("run_started", ""), ("run_finished", "")]
    assert reached(*told) == [("to_end", 2)]


def test_what_waited_for_people_says_nothing_of_the_machine() -> None:
    told = [("verdict_reached", "NEEDS_REVIEW"), ("verdict_reached", "ALLOWED"), ("run_finished", "")]
    assert reached(*told) == []

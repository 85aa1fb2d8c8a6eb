"""What a model or its program wrote cannot act on the terminal it is shown on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from placet.answers import Finding, Outcome, Program, Result, Usage, Verdict, VerdictReached, Violation
from placet.cli.human import Listener, show_plan, show_program, show_result, show_verdict, visible
from placet.cli.machine import finished_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\rb"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb", "a\\u200bb"),
        ("\U000e0041", "\\U000e0041"),
        ("grün\tü\n", "grün\tü\n"),
    ],
)
def test_what_steers_a_terminal_becomes_visible(text: str, shown: str) -> None:
    """Escapes, carriage returns, bidirectional and invisible characters; ordinary text stays."""
    assert visible(text) == shown


def console() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, highlight=False, soft_wrap=True, width=80), file


VIOLATED = Result(
    request_id="r",
    outcome=Outcome.PROGRAM_FAILED,
    status="CONTRACT_VIOLATED",
    exit_code=0,
    signal=0,
    usage=Usage(wall_ms=500, cpu_ms=400, delivery_ms=120),
    artifacts=(),
    tier="T1",
    record=None,
    violations=(Violation("artifacts/\x1b[2J.csv", "caps.rows", "9 rows, at most 5"),),
    notices=("a.gif was withheld: an image",),
)


def test_a_broken_contract_is_shown_with_its_place_what_was_wrong_and_the_rule() -> None:
    out, file = console()
    show_result(out, VIOLATED, {})

    assert file.getvalue().splitlines() == [
        "a.gif was withheld: an image",
        "artifacts/\\x1b[2J.csv: 9 rows, at most 5 (caps.rows)",
        "ended and broke the scope's contract, so nothing is delivered, after 0.50 s (0.40 s CPU, 0 MiB), "
        "0.12 s around it, isolation tier T1",
    ]


def test_a_broken_contract_is_told_to_machines_too() -> None:
    told = finished_json(VIOLATED, {})

    assert told["status"] == "CONTRACT_VIOLATED"
    assert told["violations"][0]["rule"] == "caps.rows"
    assert told["notices"] == ["a.gif was withheld: an image"]
    assert told["usage"]["delivery_ms"] == 120


def test_a_program_has_numbered_whole_lines() -> None:
    """Also a line that is longer than the terminal is wide."""
    out, file = console()
    long = "x = '" + "a" * 200 + "'"
    show_program(out, f"import os\n{long}\n".encode())

    assert file.getvalue() == f"   1 import os\n   2 {long}\n"


def test_markup_in_a_finding_is_text() -> None:
    """Square brackets of a quote are shown, not obeyed."""
    out, file = console()
    finding = Finding("r.a.b", "HIGH", 2, 2, "[red]x[/red]", "rule", "a[0]\x1b[31m")
    show_verdict(out, VerdictReached(Verdict.DENIED, 1.0, (finding,), "rules"))

    shown = file.getvalue()
    assert "[red]x[/red]" in shown
    assert "a[0]\\x1b[31m" in shown
    assert "line 2" in shown


def test_notes_on_the_catalogues_own_code_are_not_shown_beside_a_plan() -> None:
    out, file = console()
    note = Finding("capability.file.dynamic", "LOW", 88, 88, "a path that is not known", "rule", "open(file)")
    show_verdict(out, VerdictReached(Verdict.ALLOWED, 0.05, (note,), "actions"), b"import os\n")

    assert file.getvalue() == "ALLOWED by actions\n"


def test_a_plan_is_shown_as_people_write_it() -> None:
    plan = (
        b'{"steps":[{"action":"read","file":"a.csv"},'
        b'{"action":"value","column":"price","how":"mean","table":1}],"version":1}'
    )
    out, file = console()
    show_plan(out, plan)
    assert file.getvalue() == "     FROM a.csv MEAN price\n"


@pytest.mark.parametrize(
    "plan",
    [
        b"\x1b[2J not a plan",
        b'{"steps":[{"action":"read","file":{"not a plan":1}}],"version":1}',
        b'{"steps":[{"action":"read","file":"not a plan"},{"action":"count","by":[[1]]}],"version":1}',
    ],
)
def test_what_is_no_plan_is_shown_without_its_control_characters(plan: bytes) -> None:
    out, file = console()
    show_plan(out, plan)
    assert "\x1b" not in file.getvalue()
    assert "not a plan" in file.getvalue()


def test_a_plan_that_the_caller_wrote_names_no_model() -> None:
    plan = b'{"steps":[{"action":"read","file":"a.csv"},{"action":"row_count","table":1}],"version":1}'
    out, file = console()
    with Listener(out, out) as listener:
        listener(Program(b"print(1)", "", 1, "", plan))
        listener(Program(b"print(2)", "", 2, "qwen"))
    assert file.getvalue().splitlines() == [
        "plan, attempt 1",
        "     FROM a.csv COUNT",
        "program, attempt 2, by qwen",
        "   1 print(2)",
    ]

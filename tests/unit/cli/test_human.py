"""What a model or its program wrote cannot act on the terminal it is shown on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from placet.answers import Finding, Verdict, VerdictReached
from placet.cli.human import show_program, show_verdict, visible


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

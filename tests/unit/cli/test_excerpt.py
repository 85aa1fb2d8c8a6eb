"""Findings stand under the lines they cite; the rest is folded, and nothing of it steers the terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from placet.answers import Advice, Finding, Verdict, VerdictReached
from placet.cli.excerpt import MAX_SHOWN, show_findings
from placet.cli.human import show_verdict
from placet.cli.invocation import Invocation

FOUND = Finding(
    rule_id="scope.import.not_allowed",
    severity="HIGH",
    line=1,
    end_line=1,
    message="The scope does not allow importing os.",
    source="rule",
    quote="import os",
    column=1,
    end_column=10,
    why="A module is the door to what it can do.",
    instead="Use a listed module.",
)


def shown(source: str, *findings: Finding, **options: object) -> str:
    file = io.StringIO()
    settings: dict[str, object] = {"highlight": False, "soft_wrap": True, "width": 80, **options}
    show_findings(Console(file=file, **settings), source.encode(), findings)  # type: ignore[arg-type]
    return file.getvalue()


def at(line: int, column: int = 0, end_column: int = 0, **changes: object) -> Finding:
    place = {"line": line, "end_line": line, "column": column, "end_column": end_column}
    return replace(FOUND, **(place | changes))  # type: ignore[arg-type]


def test_a_finding_stands_below_its_line_with_its_reasons() -> None:
    source = "x = 1\nimport os\n" + "".join(f"y{n} = {n}\n" for n in range(20))
    assert shown(source, at(2, 1, 10)) == (
        "   1 | x = 1\n"
        "   2 | import os\n"
        "     | ^^^^^^^^^\n"
        "     | line 2: HIGH scope.import.not_allowed: The scope does not allow importing os. [rule]\n"
        "     |   why: A module is the door to what it can do.\n"
        "     |   instead: Use a listed module.\n"
        "   3 | y0 = 0\n"
        "   4 | y1 = 1\n"
        " ...   lines 5 to 22\n"
    )


def test_windows_that_touch_are_merged_and_one_line_alone_is_not_folded() -> None:
    source = "\n".join(f"line{n} = {n}" for n in range(1, 31))
    text = shown(source, at(3), at(9), at(20))
    assert [int(line[:4]) for line in text.splitlines() if line[:4].strip().isdigit()] == [
        *range(1, 12),
        *range(18, 23),
    ]
    assert " ...   lines 12 to 17\n" in text
    assert " ...   lines 23 to 30\n" in text


def test_reasons_are_told_once_per_rule() -> None:
    text = shown("import os\nimport os\n", at(1, 1, 10), at(2, 1, 10))
    assert (text.count("why:"), text.count("instead:"), text.count("^^^^^^^^^")) == (1, 1, 2)


@pytest.mark.parametrize(
    ("line", "column", "end_column", "carets"),
    [
        ("print('日本', eval('1'))", 13, 17, " " * 14 + "^^^^"),  # wide letters take two cells
        ("\teval('1')", 2, 6, "    ^^^^"),  # a tab is four
        ("x = '\u202e'; eval('1')", 9, 13, " " * 13 + "^^^^"),  # an escape is six
        ("x = 'e\u0301'; eval('1')", 10, 14, " " * 8 + "^^^^"),  # a combining accent is none
        ("  import os  ", 0, 0, "  ^^^^^^^^^"),  # without columns: the line's own text
        ("import os", 7, 7, "      ^"),  # never nothing
        ("import os", 500, 600, "         ^"),  # a column that is not there
    ],
)
def test_carets_stand_below_what_is_meant(line: str, column: int, end_column: int, carets: str) -> None:
    under = shown(line, at(1, column, end_column)).splitlines()[1]
    assert under == "    | " + carets


def test_a_block_is_underlined_in_its_first_line() -> None:
    text = shown("while True:\n    pass\n", at(1, 1, 9, end_line=2))
    assert "    | ^^^^^^^^^^^\n    | lines 1 to 2: HIGH" in text


def test_each_place_in_a_line_has_its_own_carets_and_findings() -> None:
    text = shown("eval(exec)", at(1, 1, 5, message="first"), at(1, 6, 10, message="second"))
    lines = [line[6:] for line in text.splitlines()]
    assert lines[1] == "^^^^"
    assert "first" in lines[2]
    assert lines[5] == "     ^^^^"
    assert "second" in lines[6]


def test_a_long_line_is_cut_around_the_place() -> None:
    source = "x = '" + "a" * 3000 + "'; eval(1); y = '" + "b" * 3000 + "'"
    text = shown(source, at(1, 3009, 3013))
    line, carets = text.splitlines()[:2]
    assert len(line) <= 166
    assert "…" in line[6]
    assert line.endswith("…")
    start = carets.index("^")
    assert line[start : start + 4] == "eval"
    assert carets.count("^") == 4


def test_what_concerns_the_whole_program_comes_first() -> None:
    text = shown("import os\n", at(1, 1, 10), at(0, rule_id="policy.rules.incomplete", quote=""))
    assert text.startswith("  program: HIGH policy.rules.incomplete")


def test_a_line_that_is_not_there_shows_the_quote_instead() -> None:
    assert "      > import os\n" in shown("", at(7))
    assert "      > import os\n" in shown("x = 1", at(7))


def test_only_so_many_findings_are_shown_and_it_says_so() -> None:
    many = [at(1, 1, 10, rule_id=f"r.a.n{n}") for n in range(MAX_SHOWN + 3)]
    text = shown("import os\n", *many)
    assert text.count("HIGH") == MAX_SHOWN
    assert text.endswith("and 3 more findings; --json has them all\n")


@pytest.mark.parametrize("options", [{}, {"force_terminal": True, "color_system": "truecolor"}])
def test_nothing_in_program_or_finding_steers_the_terminal(options: dict[str, object]) -> None:
    evil = "\x1b[2J\u202e[red]\x07"
    text = shown(
        f"x = '{evil}'\n", at(1, 1, 4, message=evil, why=evil, instead=evil, rule_id=evil), **options
    )
    assert "\x1b[2J" not in text
    assert not set(text) & {"\u202e", "\x07"}
    assert "[red]" in text


def test_colours_are_for_terminals() -> None:
    assert "\x1b[" not in shown("import os\n", FOUND)
    coloured = shown("import os\n", FOUND, force_terminal=True, color_system="truecolor")
    assert "\x1b[1;31m^^^^^^^^^" in coloured
    assert "\x1b[4;" in coloured  # underlined where it is found


def test_no_color_means_no_escape_sequence_even_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TERM": "xterm-256color", "FORCE_COLOR": "1", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    show_findings(Invocation().out, b"import os\n", [FOUND])
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    show_findings(Invocation().out, b"import os\n", [FOUND])
    plain = capsys.readouterr().out
    assert "^^^^^^^^^" in plain
    assert "\x1b" not in plain


def told(advice: Advice) -> str:
    file = io.StringIO()
    reached = VerdictReached(Verdict.DENIED, 0.9, (FOUND,), "rules", advice=advice)
    show_verdict(Console(file=file, highlight=False, soft_wrap=True, width=80), reached, b"import os\n")
    return file.getvalue()


def test_the_change_and_the_owner_are_named() -> None:
    text = told(
        Advice("insights-team", ("allow.imports: add os",), Verdict.ALLOWED, cautions=("x\x1b is y.",))
    )
    assert "  Mind: x\\x1b is y.\n" in text
    assert (
        "To have it allowed, ask insights-team, who owns the scope, for:\n  allow.imports: add os\n" in text
    )
    assert "the rules do not object; the reviewer still reads the program" in text


def test_what_no_scope_allows_is_named_with_its_lines() -> None:
    text = told(Advice("insights-team", never=("scope.import.not_allowed",)))
    assert "No change to the scope makes this safe:\n  scope.import.not_allowed (line 1)\n" in text
    assert "insights-team owns the scope" in text


@pytest.mark.parametrize("advice", [Advice("insights-team"), Advice("insights-team", complete=False)])
def test_without_a_change_the_owner_is_still_named(advice: Advice) -> None:
    assert "insights-team owns the scope" in told(advice)

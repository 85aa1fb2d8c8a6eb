"""A program is listed whole, with every finding at its line and its quote marked."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_svc.console.listing import Listing, listing, place_of
from guard_svc.findings import shorten
from placet.answers import Finding

PROGRAM = b'import os\n\nprint(os.environ["HOME"])\nprint(1)\n'


def finding(line: int, quote: str = "", **change: object) -> Finding:
    fields: dict[str, object] = {
        "rule_id": "capability.secrets.environment",
        "severity": "HIGH",
        "line": line,
        "end_line": line,
        "message": "reads the environment",
        "source": "rule",
        "quote": quote,
    }
    return Finding(**(fields | change))  # type: ignore[arg-type]


def text_of(found: Listing) -> str:
    return "\n".join("".join(piece.text for piece in line.pieces) for line in found.lines)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])).map(str.encode) | st.sampled_from([PROGRAM])
)
def test_the_lines_are_the_program(program: bytes) -> None:
    found = listing(program)
    assert found.exact
    assert text_of(found).encode() == program
    assert found.sha256 == hashlib.sha256(program).hexdigest()


def test_a_finding_stands_at_its_line_and_its_quote_is_marked() -> None:
    found = listing(PROGRAM, [finding(3, "os.environ")])
    assert [each.line for line in found.lines for each in line.findings] == [3]
    assert "".join(piece.text for piece in found.lines[2].pieces if piece.mark == "rule") == "os.environ"


@pytest.mark.parametrize(
    ("source", "mark"), [("rule", "rule"), ("intake", "rule"), ("reviewer", "reviewer"), ("human", "human")]
)
def test_rule_reviewer_and_person_are_told_apart(source: str, mark: str) -> None:
    found = listing(PROGRAM, [finding(1, "os", source=source)])
    assert {piece.mark for piece in found.lines[0].pieces} == {"", mark}


def test_the_gravest_finding_comes_first_and_marks_where_two_quote_the_same() -> None:
    light = finding(1, "import os", severity="LOW", source="reviewer")
    found = listing(PROGRAM, [light, finding(1, "os", severity="CRITICAL")])
    assert [each.severity for each in found.lines[0].findings] == ["CRITICAL", "LOW"]
    assert {piece.text.strip(): piece.mark for piece in found.lines[0].pieces}["os"] == "rule"


@pytest.mark.parametrize("line", [0, 99, -1])
def test_a_finding_on_no_line_is_about_the_whole(line: int) -> None:
    found = listing(PROGRAM, [finding(line)])
    assert found.general == (finding(line),)
    assert not any(each.findings for each in found.lines)


def test_a_quote_over_several_lines_is_marked_on_each() -> None:
    program = b"f(\n    1,\n    2)\n"
    found = listing(program, [finding(1, shorten("f(\n    1,\n    2)"), end_line=3)])
    assert all(any(piece.mark for piece in line.pieces) for line in found.lines[:3])


@given(st.text(alphabet="ab ()\t\u200b\x07é…", min_size=1, max_size=300))
def test_a_quote_as_the_guard_shortens_it_is_found(line: str) -> None:
    quote = shorten(line, 120)
    place = place_of(quote, line)
    if quote.removesuffix("…").split():
        assert place is not None
        assert shorten(line[place[0] : place[1]], 500).startswith(quote.removesuffix("…").strip()[:3])


@pytest.mark.parametrize("quote", ["", "   ", "…", "not in it", "os.environ('HOME')"])
def test_a_quote_that_does_not_stand_there_marks_nothing(quote: str) -> None:
    found = listing(PROGRAM, [finding(3, quote)])
    assert not any(piece.mark for line in found.lines for piece in line.pieces)


def test_bytes_that_are_no_utf8_are_said_not_to_be_exact() -> None:
    found = listing(b"print('\xff')\n")
    assert not found.exact
    assert "\N{REPLACEMENT CHARACTER}" in text_of(found)


@pytest.mark.parametrize(
    "program",
    [
        '"' * 65_536,
        "f'{" * 21_000,
        "(" * 65_536,
        "a\n" * 32_000,
        "\\" * 65_536,
        "0_" * 32_000,
        "#" + "\u202e" * 20_000,
        "x" * 65_536,
        "'''" + "\\'" * 32_000,
        " " * 65_536,
        "é" * 32_000,
        "@" * 65_536,
        "r'''" * 16_000,
    ],
    ids=lambda program: program[:4].encode().hex(),
)
def test_a_hostile_program_is_listed_in_no_time(program: str) -> None:
    started = time.process_time()
    found = listing(program.encode(), [finding(1, "x" * 160), finding(1, " ".join("a" * 60))])
    assert time.process_time() - started < 10, "more than linear work"
    assert text_of(found) == program

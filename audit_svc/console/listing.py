"""A program line by line as a reviewer reads it: coloured, quotes marked, each finding below its line.

Knows Python's tokens and where a quote stands. Must not know records or HTML. Program and findings are
untrusted: nothing here parses the program, and bytes that are not UTF-8 are shown as what they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES, _TokenType

from audit_svc.console.characters import Piece, has_unseen, is_unseen
from placet.answers import Finding

MAX_COLOURED: Final = 64 * 1024
"""Characters; the guard reviews no longer program (guard_svc/intake.py), so none was ever allowed."""
MAX_LISTED: Final = 256 * 1024
_GRAVITY: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO")


@dataclass(frozen=True)
class Line:
    """One line of a program."""

    number: int
    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...] = ()
    """Those that begin here, the gravest first."""


@dataclass(frozen=True)
class Listing:
    """A program to be read. The lines, joined by line feeds, are its text."""

    sha256: str
    size: int
    """Bytes."""
    lines: tuple[Line, ...]
    general: tuple[Finding, ...]
    """Findings on the program as a whole, or on a line that it does not have."""
    exact: bool = True
    """Whether the lines are the whole program; not so when it is no UTF-8, or too long to show."""


def teller(finding: Finding) -> str:
    """Whose finding it is: `reviewer` (the model), `human`, or `rule` for everything else."""
    return finding.source if finding.source in ("reviewer", "human") else "rule"


def listing(program: bytes, findings: Sequence[Finding] = ()) -> Listing:
    """List a program with what was found in it."""
    text = program[:MAX_LISTED].decode(errors="replace")
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    ordered = sorted(findings, key=lambda each: (_gravity(each), each.rule_id))
    styles, marks = _styles(text), _marks(text, starts, ordered)
    lines = []
    for number, start in enumerate(starts, 1):
        end = starts[number] - 1 if number < len(starts) else len(text)
        here = tuple(each for each in ordered if each.line == number)
        lines.append(Line(number, tuple(_pieces(text, styles, marks, start, end)), here))
    return Listing(
        sha256=hashlib.sha256(program).hexdigest(),
        size=len(program),
        lines=tuple(lines),
        general=tuple(each for each in ordered if not 0 < each.line <= len(lines)),
        exact=text.encode() == program,
    )


def place_of(quote: str, text: str) -> tuple[int, int] | None:
    """Where a finding's quote stands in `text`; None when it does not.

    Quotes are on one line, with each run of blanks as one space, what cannot be printed as U+FFFD and what is
    too long cut off behind an ellipsis (guard_svc/findings.py).
    """
    words = quote.removesuffix("…").split()
    if not words:
        return None
    spelled = (re.escape(word).replace("\N{REPLACEMENT CHARACTER}", r"\S") for word in words)
    found = re.search(r"\s+".join(spelled), text)
    return found.span() if found else None


def _gravity(finding: Finding) -> int:
    return _GRAVITY.index(finding.severity) if finding.severity in _GRAVITY else 0


def _styles(text: str) -> list[str]:
    """Each character's style. The lexer only looks for patterns; it runs on any text in linear time."""
    styles = [""] * len(text)
    if len(text) > MAX_COLOURED:
        return styles
    for at, token, value in PythonLexer().get_tokens_unprocessed(text):
        end = min(at + len(value), len(text))
        styles[at:end] = [_style(token)] * (end - at)
    return styles


def _style(token: _TokenType) -> str:
    while token not in STANDARD_TYPES and token.parent is not None:
        token = token.parent
    return STANDARD_TYPES.get(token, "")


def _marks(text: str, starts: Sequence[int], findings: Sequence[Finding]) -> list[str]:
    """Each character's mark: whoever found the gravest thing there."""
    marks = [""] * len(text)
    for finding in reversed(findings):
        if not 0 < finding.line <= len(starts):
            continue
        start = starts[finding.line - 1]
        last = max(finding.line, min(finding.end_line, len(starts)))
        end = starts[last] if last < len(starts) else len(text)
        if place := place_of(finding.quote, text[start:end]):
            for at in range(start + place[0], start + place[1]):
                marks[at] = teller(finding)
    return marks


def _pieces(text: str, styles: Sequence[str], marks: Sequence[str], start: int, end: int) -> Iterator[Piece]:
    hides = has_unseen(text[start:end])

    def alike(at: int) -> tuple[str, str, int]:
        # An unseen character is alike with none but itself.
        return styles[at], marks[at], at if hides and is_unseen(text[at]) else -1

    for (style, mark, unseen), places in groupby(range(start, end), alike):
        first, *rest = places
        yield Piece(text[first : rest[-1] + 1 if rest else first + 1], style, mark, unseen >= 0)

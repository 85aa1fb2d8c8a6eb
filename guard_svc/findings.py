"""What a check says about a program.

Knows severities and locations; must not know verdicts or who decides them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Literal

Source = Literal["intake", "rule", "reviewer", "policy", "human"]

MAX_QUOTE: Final = 160
MAX_MESSAGE: Final = 400


class Severity(IntEnum):
    """How much a finding weighs: HIGH and CRITICAL deny, MEDIUM asks a human, LOW and INFO are notes."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation. `quote` is text of the program: untrusted, cut to MAX_QUOTE characters.

    `line` and `end_line` count from 1; 0 means the program as a whole. `column` and `end_column` count
    characters from 1, the second one being the first character after the end; 0 means whole lines.
    """

    rule_id: str
    severity: Severity
    line: int
    end_line: int
    message: str
    source: Source
    quote: str = ""
    column: int = 0
    end_column: int = 0

    @property
    def denies(self) -> bool:
        """Whether this finding alone denies the program."""
        return self.severity >= Severity.HIGH


def shorten(text: str, limit: int = MAX_QUOTE) -> str:
    """`text` on one line, printable, at most `limit` characters."""
    flat = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def stands_in(quote: str, text: str) -> bool:
    """Whether a quote, as `shorten` leaves it, is text of `text`. An empty quote claims nothing."""
    if not quote:
        return True
    flat = shorten(text, max(len(text), 1))
    return quote.removesuffix("…") in flat if len(quote) == MAX_QUOTE else quote in flat


def with_true_quotes(findings: Sequence[Finding], source: str, *also: str) -> list[Finding]:
    """The findings with quotes that are text of the lines they name; `also` may hold those without a line.

    A quote that is not there is replaced by the line itself, or dropped when no line is named.
    """
    lines = source.split("\n")
    return [_with_true_quote(finding, lines, (source, *also)) for finding in findings]


def _with_true_quote(finding: Finding, lines: Sequence[str], whole: Sequence[str]) -> Finding:
    first = lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""
    if finding.line and stands_in(finding.quote, first):
        return finding
    span = "\n".join(lines[finding.line - 1 : finding.end_line]) if first else ""
    if any(stands_in(finding.quote, place) for place in ([span] if finding.line else whole)):
        return finding
    return replace(finding, quote=shorten(first))

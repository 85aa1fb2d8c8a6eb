"""What a check says about a program.

Knows severities and locations; must not know verdicts or who decides them.
"""

from dataclasses import dataclass
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

    `line` and `end_line` count from 1; 0 means the program as a whole.
    """

    rule_id: str
    severity: Severity
    line: int
    end_line: int
    message: str
    source: Source
    quote: str = ""

    @property
    def denies(self) -> bool:
        """Whether this finding alone denies the program."""
        return self.severity >= Severity.HIGH


def shorten(text: str, limit: int = MAX_QUOTE) -> str:
    """`text` on one line, printable, at most `limit` characters."""
    flat = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"

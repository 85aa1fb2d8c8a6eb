"""Two texts side by side, line by line, with what changed told apart and what did not folded away.

Knows lines. Pure; must not know whose texts these are. Texts are untrusted: comparing is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

MAX_LINES: Final = 2000
"""Of each text, as many as the guard reviews."""
CONTEXT: Final = 3


@dataclass(frozen=True)
class Side:
    """A line of one of the texts."""

    number: int
    text: str


@dataclass(frozen=True)
class Row:
    """A line of the comparison. A side is None where that text has no such line."""

    change: str
    """`same`, `changed`, `added`, `removed`, or `fold` for lines left out, of which `left` is the first."""
    left: Side | None
    right: Side | None
    folded: int = 0


def differences(before: bytes, after: bytes) -> list[Row] | None:
    """The rows of the comparison; none when nothing changed, None when a text has too many lines."""
    old, new = (text.decode(errors="replace").split("\n") for text in (before, after))
    if max(len(old), len(new)) > MAX_LINES:
        return None
    if old == new:
        return []
    # autojunk: a line that is repeated hundreds of times is no anchor, which bounds the work.
    opcodes = SequenceMatcher(None, old, new, autojunk=True).get_opcodes()
    rows: list[Row] = []
    for place, (tag, a, b, c, d) in enumerate(opcodes):
        if tag == "equal":
            rows.extend(_same(old, a, b, c, first=place == 0, last=place == len(opcodes) - 1))
        else:
            rows.extend(_changed(old[a:b], new[c:d], a, c))
    return rows


def _same(lines: Sequence[str], a: int, b: int, c: int, *, first: bool, last: bool) -> Iterator[Row]:
    """Unchanged lines, but for a few beside a change folded."""
    head, tail = (0 if first else CONTEXT), (0 if last else CONTEXT)
    folded = b - a - head - tail
    for at in range(a, b):
        inside = head <= at - a < b - a - tail
        if folded <= 1 or not inside:
            yield Row("same", Side(at + 1, lines[at]), Side(c + at - a + 1, lines[at]))
        elif at - a == head:
            yield Row("fold", Side(at + 1, ""), Side(c + at - a + 1, ""), folded)


def _changed(old: Sequence[str], new: Sequence[str], a: int, c: int) -> Iterator[Row]:
    left = [Side(a + at + 1, line) for at, line in enumerate(old)]
    right = [Side(c + at + 1, line) for at, line in enumerate(new)]
    for one, other in zip_longest(left, right):
        yield Row("changed" if one and other else "removed" if one else "added", one, other)

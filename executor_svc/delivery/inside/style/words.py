"""Texts as they may stand in a figure: folded, shortened, and mathematics only where it can be read."""

from __future__ import annotations

import textwrap

from matplotlib.mathtext import MathTextParser

_LONGEST_MATHS = 120
_REACHING = ("hspace", "rule", "kern", "substack", "overset", "underset", "middle", "genfrac")
"""What lets a formula take as much room as it likes."""


def folded(text: str, width: int, lines: int = 3) -> str:
    """At most so many lines of so many characters."""
    text = text.strip()
    if "$" in text:
        return _maths(text, width * lines)
    parts = [part for line in text.split("\n") for part in (textwrap.wrap(line, max(width, 4)) or [""])]
    return "\n".join(parts) if len(parts) <= lines else "\n".join(parts[:lines]) + "\N{HORIZONTAL ELLIPSIS}"


def _maths(text: str, longest: int) -> str:
    """A formula if it is one, else its characters."""
    short = len(text) <= min(_LONGEST_MATHS, longest) and not any(word in text for word in _REACHING)
    if short and _is_formula(text):
        return text
    plain = text.replace("\\$", "$").replace("$", "\\$")
    return plain if len(plain) <= longest else plain[:longest].rstrip("\\") + "\N{HORIZONTAL ELLIPSIS}"


def _is_formula(text: str) -> bool:
    try:
        for line in text.split("\n"):
            MathTextParser("path").parse(line)
    except (ValueError, RecursionError):
        return False
    return True

"""Text of strangers on a terminal: what would steer it, or hide, is written as an escape."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """The text with every character that a terminal would obey, or that hides, written as an escape."""
    return "".join(c if c in "\n\t" or not _steers(c) else _escape(c) for c in text)


def _steers(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")

"""Text of strangers on a page: what hides in it, or turns it around, is told apart so that it can be shown.

Knows Unicode. Must not know HTML: the pieces are escaped like everything else that a template gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What Unicode counts as printable although nothing, or only space, is seen of it."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is drawn in one way. The pieces of a text, joined, are that text."""

    text: str
    style: str = ""
    """Pygments' short name of the token it belongs to."""
    mark: str = ""
    """Who quotes it in a finding: `rule`, `reviewer` or `human`; empty when nobody does."""
    unseen: bool = False
    """A single character that would not be seen, or would change how its neighbours are."""

    @property
    def code(self) -> str:
        """Of an unseen character: its number in hex, at least four digits."""
        return f"{ord(self.text):04x}"


def pieces(text: object) -> list[Piece]:
    """The text cut at its unseen characters. What is no string is shown as Python writes it."""
    plain = text if isinstance(text, str) else str(text)
    return list(_cut(plain)) if has_unseen(plain) else [Piece(plain)]


def spelled(text: str) -> str:
    """The text as a name in a list: each unseen character stands as its number, `⟨U+202E⟩`."""
    return "".join(f"⟨U+{piece.code.upper()}⟩" if piece.unseen else piece.text for piece in pieces(text))


def has_unseen(text: str) -> bool:
    """Whether any character of it would not be seen. Line ends and tabs would."""
    bare = text.replace("\n", " ").replace("\t", " ")
    return not bare.isprintable() or _BLANK.search(bare) is not None


def is_unseen(character: str) -> bool:
    """The same of one character. Of the blanks only the ASCII space counts as seen."""
    if character in "\n\t":
        return False
    return not character.isprintable() or _BLANK.fullmatch(character) is not None


def _cut(text: str) -> Iterator[Piece]:
    start = 0
    for at, character in enumerate(text):
        if is_unseen(character):
            if at > start:
                yield Piece(text[start:at])
            yield Piece(character, unseen=True)
            start = at + 1
    if start < len(text):
        yield Piece(text[start:])

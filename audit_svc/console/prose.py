"""A text that a task, a program or a person left, cut to what a page can hold and ready to be shown.

Knows bytes and characters. Must not know what the text is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit_svc.console.characters import Piece, pieces

MAX_SHOWN: Final = 64 * 1024
"""Bytes. The rest is in the bundle, and in `placet audit show`."""


@dataclass(frozen=True)
class Prose:
    """The pieces, joined, are the text as far as it is shown."""

    pieces: tuple[Piece, ...]
    size: int
    """Bytes of the whole."""
    exact: bool
    """Whether it is all there: short enough, and UTF-8."""


def prose(content: bytes) -> Prose:
    """Untrusted bytes as text."""
    text = content[:MAX_SHOWN].decode(errors="replace")
    return Prose(tuple(pieces(text)), len(content), text.encode() == content)

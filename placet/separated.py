"""How a file of separated values is written, guessed from its beginning as the action `read` guesses it.

Knows encodings and delimiters. The bytes are whatever a stranger chose: nothing here raises. What a scope's
columns are cut by is told without guessing, in a cell (docs/contract.md 1.6).
"""

from __future__ import annotations

import codecs
from typing import Final

DELIMITERS: Final = ",;\t|"
_FIRST_LINE: Final = 4096
"""Characters at most by which a delimiter is told."""


def decoded(head: bytes, *, whole: bool) -> tuple[str, str]:
    """The beginning as text, and its encoding: `utf-16` with a mark, `latin-1`, or nothing for UTF-8.

    Where the file goes on (not `whole`), the last character may be cut.
    """
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return head.decode("utf-16", errors="replace"), "utf-16"
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        return decoder.decode(head, final=whole), ""
    except UnicodeDecodeError:
        return head.decode("latin-1"), "latin-1"


def delimiter_of(text: str) -> str:
    """The one that stands most often in the first line; a comma where none does."""
    line = text[:_FIRST_LINE].split("\n", 1)[0]
    return max(DELIMITERS, key=line.count)

"""What stands for a value that a program must not see, the same for equal values of one run."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from executor_svc.delivery.inside.files.cells import MISSING

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_MOST_KEPT: Final = 200_000


class Pseudonyms:
    """Of one run: `salt` is 32 bytes that no other run has and that no program sees."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._kept: dict[str, str] = {}

    def of(self, text: str) -> str:
        """`p-` and 16 digits, 64 bits of a keyed hash; the text itself where it stands for no value."""
        plain = text.strip()
        if plain in MISSING:
            return text
        if (known := self._kept.get(plain)) is not None:
            return known
        whole = _WHOLE.fullmatch(plain)
        said = (whole[1] if whole else plain).encode("utf-8", "surrogatepass")
        made = "p-" + hashlib.blake2b(said, key=self._salt, digest_size=8).hexdigest()
        if len(self._kept) < _MOST_KEPT:
            self._kept[plain] = made
        return made

"""Many strings looked for in one text at once, in time that does not grow with their number. Uses numpy."""

from __future__ import annotations

from typing import Any, Final

LONG: Final = 8
"""Characters that a string that is looked for has at least: by these it is found."""
LONGEST: Final = 64
"""And at most."""
_STRETCH: Final = 1 << 20
_BASE: Final = 1_000_003


class Sought:
    """The strings. Text and strings are compared as they are."""

    def __init__(self) -> None:
        self._strings: set[str] = set()
        self._lengths: set[int] = set()
        self._heads: Any = None

    def add(self, string: str) -> None:
        """LONG to LONGEST characters."""
        self._strings.add(string)
        self._lengths.add(len(string))
        self._heads = None

    def is_in(self, text: str) -> bool:
        """Whether any of them stands anywhere in the text."""
        stretches = range(0, len(text) if self._strings else 0, _STRETCH)
        return any(self._is_in(text[start : start + _STRETCH + LONGEST]) for start in stretches)

    def _is_in(self, text: str) -> bool:
        """By a hash of each eight characters first, so that few places are looked at one by one."""
        import numpy as np

        if len(text) < LONG:
            return False
        if self._heads is None:
            self._heads = np.unique(_hashes("".join(string[:LONG] for string in self._strings))[::LONG])
        places = np.flatnonzero(np.isin(_hashes(text), self._heads))
        return any(text[at : at + length] in self._strings for at in places for length in self._lengths)


def _hashes(text: str) -> Any:
    """Of each LONG characters in succession; equal ones have equal hashes."""
    import numpy as np

    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    count = len(codes) - LONG + 1
    made = np.zeros(count, dtype=np.uint64)
    for at in range(LONG):
        made *= np.uint64(_BASE)
        made += codes[at : at + count]
    return made

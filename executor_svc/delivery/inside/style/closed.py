"""Small checks of hostile JSON, put together to a closed schema: each gives what may be used, or refuses.

Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

MOST_NUMBERS: Final = 400_000
"""In all that is read at once."""
_LARGEST: Final = 1e300
_LONGEST_TEXT: Final = 300


class NoDescription(ValueError):  # noqa: N818 - says what it is
    """It is none; the message says where, and holds nothing of it."""


class Count:
    """How many numbers there were so far."""

    def __init__(self) -> None:
        self.numbers = 0

    def add(self, more: int) -> None:
        """Raises NoDescription when that is too many."""
        self.numbers += more
        if self.numbers > MOST_NUMBERS:
            raise NoDescription("too many numbers")


Check = Callable[[Any, Count], Any]


def number(value: Any, count: Count) -> float:
    """A finite one."""
    count.add(1)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise NoDescription("no number")
    return float(value)


def between(low: float, high: float) -> Check:
    """A number that is moved into these bounds."""
    return lambda value, count: min(max(number(value, count), low), high)


def series(value: Any, count: Count) -> list[float]:
    """Numbers, among which null is not a number."""
    if not isinstance(value, list):
        raise NoDescription("no list of numbers")
    return [math.nan if one is None else number(one, count) for one in value]


def some(check: Check, most: int) -> Check:
    """At most so many of something."""

    def read(value: Any, count: Count) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise NoDescription(f"no list of at most {most}")
        return [check(one, count) for one in value]

    return read


def exactly(check: Check, length: int) -> Check:
    """So many of something."""

    def read(value: Any, count: Count) -> list[Any]:
        if not isinstance(value, list) or len(value) != length:
            raise NoDescription(f"no list of {length}")
        return [check(one, count) for one in value]

    return read


def text(value: Any, _count: Count) -> str:
    """Printable characters that are no pictures, and line ends."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise NoDescription("no text")
    return plain(value)


def plain(value: str) -> str:
    """Without characters that would draw rather than say: blocks, boxes, arrows, emoji, private ones."""
    return "".join(char if _says(char) else " " for char in value)


def _says(char: str) -> bool:
    code = ord(char)
    if char == "\n" or code < 0x2000:
        return char == "\n" or char.isprintable()
    if 0x2190 <= code <= 0x2BFF:  # arrows, mathematics, then technical signs, boxes, blocks, shapes, dingbats
        return 0x2190 <= code <= 0x22FF and code != 0x220E
    return code < 0xD800 and char.isprintable()


def word(*words: str) -> Check:
    """One of these."""

    def read(value: Any, _count: Count) -> str:
        if value not in words or not isinstance(value, str):
            raise NoDescription("no word of ours")
        return value

    return read


def switch(value: Any, _count: Count) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise NoDescription("neither true nor false")
    return value


def color(value: Any, _count: Count) -> str:
    """#rrggbbaa."""
    digits = value[1:] if isinstance(value, str) else ""
    if len(digits) != len("rrggbbaa") or value[0] != "#" or not set(digits) <= set("0123456789abcdef"):
        raise NoDescription("no colour")
    return str(value)


def maybe(check: Check) -> Check:
    """null, or that."""
    return lambda value, count: None if value is None else check(value, count)


def record(**keys: Check) -> Check:
    """An object with exactly these keys."""

    def read(value: Any, count: Count) -> dict[str, Any]:
        if not isinstance(value, dict) or value.keys() != keys.keys():
            raise NoDescription("no object with the keys that it should have")
        return {key: _at(key, check, value[key], count) for key, check in keys.items()}

    return read


def one_of(key: str, **forms: Check) -> Check:
    """An object whose form this key names."""

    def read(value: Any, count: Count) -> dict[str, Any]:
        named = value.get(key) if isinstance(value, dict) else None
        form = forms.get(named) if isinstance(named, str) else None
        if form is None:
            raise NoDescription(f"no {key} of ours")
        rest = {name: part for name, part in value.items() if name != key}
        return {key: value[key], **form(rest, count)}

    return read


def _at(key: str, check: Check, value: Any, count: Count) -> Any:
    try:
        return check(value, count)
    except NoDescription as error:
        raise NoDescription(f"{key}: {error}") from None

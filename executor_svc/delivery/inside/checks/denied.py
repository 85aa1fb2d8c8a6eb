"""Names and values of columns that must not leave, and whether a text or a table holds any.

docs/contract.md §5. What is searched is hostile, and nothing here says what was found in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from executor_svc.delivery.inside.checks.sought import LONG, LONGEST, Sought
from executor_svc.delivery.inside.checks.views import View
from executor_svc.delivery.inside.files.cells import MISSING

_SHORT: Final = 3
_DIGITS: Final = 6
_NAME: Final = 5
_BULK: Final = 10
_TRUTH: Final = frozenset(("true", "false", "yes", "no"))
_SEPARATORS = re.compile(r"[\W_]+")
_ASCII_SEPARATORS: Final = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())
_PLAIN_NUMBER = re.compile(r"[+-]?(\d{1,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,2}))?")
_NUMBERS = re.compile(
    r"(?<![\d.])(?:\d{1,3}(?:[,' ]\d{3})+(?:\.\d{1,40})?|\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,2})?)(?!\d)"
)
_DIGIT_RUNS = re.compile(r"\d+(?:[ ./:+()-]{1,3}\d+)*")
_MOST_GROUPS: Final = 6
_WORDS = re.compile(r"[^\s,;:|\"'()<>\[\]{}=]+")


_Number = tuple[str, int]


def canonical(text: str) -> str:
    """Letters and digits only, in one case, one way to write each."""
    if text.isascii():
        return text.lower().translate(_ASCII_SEPARATORS)
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _words(text: str) -> Iterator[str]:
    """Each different one, in the form that is compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return (word if word.isalnum() else canonical(word) for word in set(_WORDS.findall(plain)))


class Denied:
    """What the scope's patterns deny of the inputs of one run."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [pattern.casefold() for pattern in patterns]
        self._names: set[str] = set()
        self._spaced: set[str] = set()
        self._columns: dict[str, set[object]] = {}
        self._sought = Sought()
        self._short: set[str] = set()
        self._numbers: set[_Number] = set()
        self._digits: set[str] = set()

    def is_named(self, name: str) -> bool:
        """Whether a column of this name must not leave."""
        plain = name.strip().casefold()
        return any(fnmatchcase(plain, pattern) for pattern in self._patterns)

    def learn(self, name: str, values: Iterable[str]) -> None:
        """The values of a denied column of an input."""
        if len(canonical(name)) >= _NAME:
            (self._spaced if " " in name.strip() else self._names).add(canonical(name))
        kept = self._columns.setdefault(name.strip(), set())
        for plain in {value.strip() for value in values}:
            if plain not in MISSING and not self._learn(plain):
                kept.add(_cell(plain))

    def _learn(self, value: str) -> bool:
        """Whether it can be looked for by itself."""
        letters = canonical(value)
        if (number := _number(value)) is not None:
            if len(number[0]) >= _DIGITS:
                self._numbers.add(number)
            return len(number[0]) >= _DIGITS
        if letters.isdecimal():
            if len(letters) >= _DIGITS:
                self._digits.add(letters)
            return len(letters) >= _DIGITS
        if len(letters) >= LONG:
            self._sought.add(letters[:LONGEST])
        elif len(letters) >= _SHORT and letters not in _TRUTH:
            self._short.add(letters)
        return len(letters) >= _SHORT

    def names_in(self, text: str) -> bool:
        """Whether the name of an input's denied column stands in a text as a word, or as words."""
        if self._names and not self._names.isdisjoint(_words(text)):
            return True
        return bool(self._spaced) and any(name in canonical(text) for name in self._spaced)

    def is_in(self, view: View) -> bool:
        """Whether a value stands in a text."""
        if self._sought.is_in(canonical(view.text)):
            return True
        if self._numbers and not self._numbers.isdisjoint(_numbers_in(view.text)):
            return True
        if self._digits and not self._digits.isdisjoint(_digits_in(view.text)):
            return True
        return view.sure and bool(self._short) and not self._short.isdisjoint(_words(view.text))

    def is_cell(self, cell: str) -> bool:
        """Whether a whole cell, or a whole string of JSON, is a value."""
        return bool(self._short) and canonical(cell) in self._short

    def is_bulk(self, cells: Iterable[str]) -> bool:
        """Whether a column of a table has half of the different values of a denied column that are too short
        to be looked for one by one, and ten at least."""
        large = [values for values in self._columns.values() if len(values) >= _BULK]
        if not large:
            return False
        held = {_cell(cell.strip()) for cell in cells}
        return any(len(held & values) >= max(_BULK, len(values) / 2) for values in large)


def _cell(value: str) -> object:
    return _number(value) or canonical(value) or value


def _number(text: str) -> _Number | None:
    """What all notations of a number have in common: digits without zeros at the end, and their exponent."""
    if (told := _PLAIN_NUMBER.fullmatch(text)) is None:
        return None
    fraction = told[2] or ""
    digits = (told[1] + fraction).lstrip("0")
    plain = digits.rstrip("0")
    exponent = len(digits) - len(plain) - len(fraction) + int(told[3] or 0)
    return (plain, exponent) if plain else ("", 0)


def _numbers_in(text: str) -> Iterator[_Number]:
    for found in set(_NUMBERS.findall(text)):
        if len(found) >= _DIGITS and (number := _number(re.sub("[,' ]", "", found))) is not None:
            yield number


def _digits_in(text: str) -> Iterator[str]:
    for run in set(_DIGIT_RUNS.findall(text)):
        groups = re.findall(r"\d+", run)
        for start in range(len(groups)):
            for end in range(start + 1, min(start + _MOST_GROUPS, len(groups)) + 1):
                yield "".join(groups[start:end])

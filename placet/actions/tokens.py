"""The words, numbers, strings and signs of a plan's text form, and the values made of them.

Knows docs/actions-format.md §6 as tokens. Must not know steps or queries. Text may come from anybody.
"""

import json
import re
from collections.abc import Mapping
from typing import Final, Literal, cast

from placet.actions.canonical import canonical
from placet.actions.types import COMPARISONS, LIST_OPS, PRESENCE_OPS, TEXT_OPS

Kind = Literal["string", "number", "word", "sign", "end"]

MEASURES: Final[Mapping[str, str]] = {
    "MEAN": "mean",
    "SUM": "sum",
    "MEDIAN": "median",
    "MIN": "min",
    "MAX": "max",
    "STD": "std",
    "DISTINCT": "distinct",
    "COUNT": "count",
}
"""Verbs, and the words that actions have for them."""
CHARTS: Final = ("BAR", "LINE", "PIE", "TABLE")
CLAUSES: Final = ("FROM", "AS", "BY", "WHERE", "AND", "TOP", "BOTTOM")

_LITERALS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_OPS: Final = (*COMPARISONS, *TEXT_OPS, *LIST_OPS, *PRESENCE_OPS)
_RESERVED: Final = frozenset(
    {*MEASURES, *CHARTS, *CLAUSES, *_LITERALS, *(word for op in _OPS for word in op.split())}
)
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"""
    r"""|(?P<word>[^\W\d][\w.]*)|(?P<sign>!=|<=|>=|[=<>\[\],])|(?P<end>\Z))"""
)


class TextInvalid(ValueError):  # noqa: N818  (named for what it says)
    """The text is no plan in text form; it may be a task in words."""


class Tokens:
    """One line, read from left to right. Every method raises TextInvalid for what it does not find."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._next()

    @property
    def at_end(self) -> bool:
        """Whether the line is read."""
        return self.kind == "end"

    def _next(self) -> str:
        """Go on by one token, and return the one that was there."""
        before = getattr(self, "text", "")
        found = _TOKEN.match(self._line, self._at)
        if found is None or found.lastgroup is None:
            raise TextInvalid(f"cannot be read from {self._line[self._at : self._at + 20]!r} on")
        self.kind = cast(Kind, found.lastgroup)
        self.text: str = found[found.lastgroup]
        self._at = found.end()
        return before

    def skip(self, text: str) -> bool:
        """Go on if the next token is this sign or bare word."""
        found = self.kind in ("sign", "word") and self.text == text
        if found:
            self._next()
        return found

    def expect(self, text: str) -> None:
        """Go on over this sign or word."""
        if not self.skip(text):
            raise TextInvalid(f"{text} is missing before {self.text[:20] or 'the end'!r}")

    def identifier(self) -> str:
        """The name of an action or parameter: any bare word."""
        if self.kind != "word":
            raise TextInvalid(f"a name is missing before {self.text[:20] or 'the end'!r}")
        return self._next()

    def word(self) -> str:
        """A bare word that means itself."""
        if self.kind != "word" or self.text in _RESERVED:
            raise TextInvalid(f"a word is missing before {self.text[:20] or 'the end'!r}")
        return self._next()

    def keyword(self, words: Mapping[str, str] | tuple[str, ...]) -> str | None:
        """One of these, or None."""
        return self._next() if self.kind == "word" and self.text in words else None

    def name(self) -> str:
        """A word, or a string in quotes."""
        return self._string() if self.kind == "string" else self.word()

    def value(self) -> object:
        """A number, string, truth value, or a list of values and conditions."""
        if self.skip("["):
            return self._list()
        if self.kind == "number":
            return self._number()
        if self.kind == "word" and self.text in _LITERALS:
            return _LITERALS[self._next()]
        return self.name()

    def whole(self) -> object:
        """A number, of which the plan says whether it is whole."""
        if self.kind != "number":
            raise TextInvalid(f"a number is missing before {self.text[:20] or 'the end'!r}")
        return self.value()

    def condition(self) -> dict[str, object]:
        """A column, a comparison, and what it is compared with."""
        column = self.name()
        op = self._op()
        if op is None:
            raise TextInvalid(f"{column[:40]} is compared with nothing")
        return self._compared(column, op)

    def _list(self) -> list[object]:
        items: list[object] = []
        while not self.skip("]"):
            if items:
                self.expect(",")
            first = self.value()
            op = self._op() if isinstance(first, str) else None
            items.append(first if op is None else self._compared(str(first), op))
        return items

    def _compared(self, column: str, op: str) -> dict[str, object]:
        if op in PRESENCE_OPS:
            return {"column": column, "op": op}
        return {"column": column, "op": op, "value": self.value()}

    def _op(self) -> str | None:
        for op in _OPS:
            first, *rest = op.split()
            if self.skip(first):
                for word in rest:
                    self.expect(word)
                return op
        return None

    def _number(self) -> object:
        try:
            return cast(object, json.loads(self._next()))
        except ValueError:  # 007, digits of other scripts, thousands of digits
            raise TextInvalid("a number is not written as in JSON") from None

    def _string(self) -> str:
        try:
            return str(json.loads(self._next()))
        except ValueError:
            raise TextInvalid("a string is not written as in JSON") from None


def written(value: object) -> str:
    """A value as `Tokens.value` reads it."""
    if isinstance(value, str):
        return written_name(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return written_condition(value)
    return canonical(value).decode()


def written_name(name: str) -> str:
    """Bare where it can be."""
    bare = _BARE.fullmatch(name) and name not in _RESERVED
    return name if bare else json.dumps(name, ensure_ascii=False)


def written_condition(condition: Mapping[str, object]) -> str:
    """`year >= 2020`."""
    compared = f" {written(condition['value'])}" if "value" in condition else ""
    return f"{written_name(str(condition['column']))} {condition['op']}{compared}"

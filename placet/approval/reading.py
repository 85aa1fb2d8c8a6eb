"""Reads the members of an untrusted JSON object one by one; what nobody asked for is refused at the end.

Knows the forms of docs/approval-format.md §3 (digest, time, name). Must not know which members there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from placet.approval.errors import malformed

APPROVAL_ID = re.compile(r"[0-9a-f]{32}")
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
DECIDED_BY = re.compile(r"rules|rules\+reviewer|actions|human:[\x21-\x7e]{1,128}")
HUMAN = re.compile(r"human:[\x21-\x7e]{1,128}")
MAX_NAME_BYTES = 128
MAX_TEXT_CHARS = 512
MAX_INTEGER = 2**53 - 1

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BAD_IN_NAME = re.compile(r"[/\\\x00-\x1f\x7f]")


class Members:
    """An object of which each member is taken once. Every method raises APPROVAL_MALFORMED."""

    def __init__(self, found: Mapping[str, object], where: str) -> None:
        self._left = dict(found)
        self._where = where

    def done(self) -> None:
        """Refuse what was not asked for: an unknown member may mean what this reader does not honour."""
        if self._left:
            raise malformed(f"{self._where}: unknown member {sorted(self._left)[0][:80]!r}")

    def has(self, name: str) -> bool:
        """Whether a member that may be missing is there."""
        return name in self._left

    def text(self, name: str, most: int = MAX_TEXT_CHARS) -> str:
        """A string of 1 to `most` characters that can be written as UTF-8."""
        return _text(self._take(name), self._path(name), most)

    def match(self, name: str, pattern: re.Pattern[str]) -> str:
        """A string that a pattern matches as a whole."""
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise malformed(f"{self._path(name)}: has another form")
        return value

    def constant(self, name: str, expected: str) -> None:
        """Exactly this string."""
        if self._take(name) != expected:
            raise malformed(f"{self._path(name)}: must be {expected}")

    def one_of(self, name: str, words: Sequence[str]) -> str:
        """One of these strings."""
        value = self.text(name)
        if value not in words:
            raise malformed(f"{self._path(name)}: must be one of {', '.join(words)}")
        return value

    def number(self, name: str, least: int) -> int:
        """An integer from `least` to 2**53 - 1; true and false are none."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_INTEGER:
            raise malformed(f"{self._path(name)}: must be an integer of at least {least}")
        return value

    def digest(self, name: str) -> bytes:
        """64 lower-case hex digits, as 32 bytes."""
        return bytes.fromhex(self.match(name, _DIGEST))

    def time(self, name: str) -> datetime:
        """RFC 3339 in UTC with six decimals and Z."""
        value = self.match(name, _TIME)
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise malformed(f"{self._path(name)}: no such moment") from None

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """An array of up to `most` strings."""
        return tuple(_text(item, self._path(name)) for item in self._array(name, most))

    def member(self, name: str) -> Members:
        """An object."""
        return _members(self._take(name), self._path(name))

    def members(self, name: str, most: int) -> tuple[Members, ...]:
        """An array of up to `most` objects."""
        path = self._path(name)
        return tuple(_members(item, f"{path}[{i}]") for i, item in enumerate(self._array(name, most)))

    def _array(self, name: str, most: int) -> list[object]:
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most:
            raise malformed(f"{self._path(name)}: must be an array of at most {most}")
        return value

    def _take(self, name: str) -> object:
        if name not in self._left:
            raise malformed(f"{self._path(name)}: is missing")
        return self._left.pop(name)

    def _path(self, name: str) -> str:
        return f"{self._where}.{name}"


def write_time(moment: datetime) -> str:
    """The one form of a time. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone; use datetime.now(UTC)")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_input_name(name: str) -> None:
    """Raise APPROVAL_MALFORMED unless it is a bare file name of docs/approval-format.md §3.6."""
    if problem := input_name_problem(name):
        raise malformed(f"input name {name[:80]!r}: {problem}")


def input_name_problem(name: str) -> str:
    """What is wrong with an input's name; empty when nothing is."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "not UTF-8"
    if not 1 <= size <= MAX_NAME_BYTES:
        return f"must have 1 to {MAX_NAME_BYTES} bytes"
    if name.startswith(".") or _BAD_IN_NAME.search(name):
        return "must be a bare file name: no slash, backslash, control character or leading dot"
    return ""


def _text(value: object, path: str, most: int = MAX_TEXT_CHARS) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise malformed(f"{path}: must be a string of 1 to {most} characters")
    if _SURROGATE.search(value):
        raise malformed(f"{path}: holds a lone surrogate")
    return value


def _members(value: object, path: str) -> Members:
    if not isinstance(value, dict):
        raise malformed(f"{path}: must be an object")
    return Members(value, path)

"""The one spelling of a record's JSON: RFC 8785 over strings, safe integers, booleans, arrays and objects.

Knows JSON and its bounds (docs/audit-format.md §1). Must not know what a record says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

MAX_DEPTH: Final = 16
MAX_SAFE_INTEGER: Final = 2**53 - 1

if TYPE_CHECKING:
    Json = object
else:
    # What a typed decoder reads at once: as deep as any kind goes. Deeper values take the slow way.
    _Int = Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
    Json = str | bool | _Int
    for _ in range(4):
        Json = str | bool | _Int | list[Json] | dict[str, Json]

SORTED: Final = msgspec.json.Encoder(order="sorted")
"""Writes JCS bytes of what holds only these types and ASCII keys."""
_AS_IT_STANDS: Final = msgspec.json.Encoder()


class RecordInvalid(ValueError):  # noqa: N818 - named for the state it reports
    """The record breaks docs/audit-format.md; the message names the field and the rule."""


def canonical(value: object) -> bytes:
    """The JCS (RFC 8785) bytes of strings, safe integers, booleans, arrays and objects.

    Raises RecordInvalid for anything else: floats, null, lone surrogates, integers beyond 2**53 - 1.
    """
    try:
        if _is_plain(value, 0):
            return SORTED.encode(value)
        return _AS_IT_STANDS.encode(_ordered(value, "$", 0))
    except UnicodeEncodeError:
        raise RecordInvalid("a string holds a lone surrogate; records are UTF-8") from None


def _is_plain(value: object, depth: int) -> bool:
    """Whether `SORTED` writes a container's JCS. `False` says only: let `_ordered` look at it."""
    if depth >= MAX_DEPTH:
        return False
    if type(value) is dict:
        try:
            names = "".join(value)
        except TypeError:
            return False
        # Of ASCII names the order in UTF-8 is that in UTF-16.
        return names.isascii() and _all_plain(value.values(), depth)
    return type(value) is list and _all_plain(value, depth)


def _all_plain(values: Iterable[object], depth: int) -> bool:
    for value in values:
        kind = type(value)
        if kind is int:
            if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:  # type: ignore[operator]  # it is an int
                return False
        elif kind is not str and kind is not bool and not _is_plain(value, depth + 1):
            return False
    return True


def _ordered(value: object, where: str, depth: int) -> object:
    """The same value with every object's keys in UTF-16 order, checked on the way."""
    if depth > MAX_DEPTH:
        raise RecordInvalid(f"{where}: nested deeper than {MAX_DEPTH}")
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise RecordInvalid(f"{where}: integer beyond 2^53-1; write it as a string")
        return int(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise RecordInvalid(f"{where}: key {key!r} is not a string")
        keys = sorted(value, key=_utf16)
        return {str(key): _ordered(value[key], f"{where}.{key}", depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise RecordInvalid(f"{where}: {type(value).__name__} is not allowed; no floats, no null")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def parse_object(document: bytes) -> dict[str, object]:
    """Read untrusted JSON into an object. Raises RecordInvalid unless it is one without repeated keys."""
    try:
        value = json.loads(document, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RecordInvalid(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise RecordInvalid("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordInvalid("an object repeats a key")
    return found

"""Operators on constants: the strings, bytes and whole numbers that an operation makes.

Knows Python's operators. Must not know names, calls, or what the results are used for. Nothing here runs the
program: each operation is one of those written below, with a bound on the size of what it makes.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

Value = str | bytes | int
UNKNOWN: Final = "\x00"
"""Stands in a folded string for a part that is not known. Programs cannot contain it: intake refuses NUL."""
MAX_FOLDED: Final = 16 * 1024
_MAX_BITS: Final = 256
_MARK: Final = re.compile(r"%(?:\((?P<key>\w+)\))?[#0\- +]*\d{0,3}(?:\.\d{0,2})?(?P<kind>[sdricxXoaf%])")
_FIELD: Final = re.compile(r"\{\{|\}\}|\{(?P<key>\w*)(?P<convert>![rsa])?(?P<spec>:[^{}]{0,8})?\}")


def as_text(value: Value) -> str:
    """What a value looks like inside a string; bytes count as the text they spell."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def cut(value: Value) -> Value:
    """`value`, not longer than what is followed."""
    return value[:MAX_FOLDED] if isinstance(value, str | bytes) else value


def binary(operator: ast.operator, left: Value, right: Value) -> Value:
    """`left operator right`, or UNKNOWN."""
    match operator, left, right:
        case ast.Add(), str(), str():
            return (left + right)[:MAX_FOLDED]
        case ast.Add(), bytes(), bytes():
            return (left + right)[:MAX_FOLDED]
        case ast.Div(), str(), str():
            return join_path([left, right])
        case (ast.Mult(), str() | bytes(), int()) | (ast.Mult(), int(), str() | bytes()):
            return _repeat(left, right)
        case ast.Mod(), str(), _:
            return percent(left, [right])
        case _, int(), int():
            return _number(operator, left, right)
    return UNKNOWN


def _repeat(left: Value, right: Value) -> Value:
    text, times = (right, left) if isinstance(left, int) else (left, right)
    if not isinstance(text, str | bytes) or not isinstance(times, int) or text == UNKNOWN:
        return UNKNOWN
    return text * max(times, 0) if times * max(len(text), 1) <= MAX_FOLDED else UNKNOWN


def _number(operator: ast.operator, left: int, right: int) -> Value:
    if max(left.bit_length(), right.bit_length()) > _MAX_BITS:
        return UNKNOWN
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.FloorDiv() if right:
            return left // right
        case ast.Mod() if right:
            return left % right
        case ast.BitXor():
            return left ^ right
        case ast.BitAnd():
            return left & right
        case ast.BitOr():
            return left | right
        case ast.RShift() if 0 <= right <= 1024:
            return left >> right
        case ast.LShift() if 0 <= right <= 1024:
            return left << right
        case ast.Pow() if right >= 0 and left.bit_length() * right <= 4096:
            return int(left**right)
        case ast.Pow() if right > 0 and left > 1:
            # Too large to write down; a number that is surely larger than any limit says the same.
            return 1 << 512
    return UNKNOWN


def negated(operator: ast.unaryop, value: Value) -> Value:
    """A unary operator on a value."""
    if not isinstance(value, int):
        return UNKNOWN
    match operator:
        case ast.USub():
            return -value
        case ast.UAdd():
            return value
        case ast.Invert():
            return ~value
    return UNKNOWN


def item(value: Value, index: Value) -> Value:
    """`value[index]`."""
    if not isinstance(value, str | bytes) or not isinstance(index, int) or value == UNKNOWN:
        return UNKNOWN
    return value[index] if -len(value) <= index < len(value) else UNKNOWN


def part(value: Value, bounds: Sequence[int | None]) -> Value:
    """`value[start:stop:step]`."""
    if not isinstance(value, str | bytes) or value == UNKNOWN or 0 in bounds[2:]:
        return UNKNOWN
    return value[slice(*bounds)]


def join_path(parts: Iterable[Value]) -> str:
    """A path from its parts; an absolute part begins anew."""
    joined = ""
    for piece in map(as_text, parts):
        joined = piece if piece.startswith("/") or not joined else joined.rstrip("/") + "/" + piece
    return joined[:MAX_FOLDED]


def percent(template: str, values: Sequence[Value], named: Mapping[str, Value] | None = None) -> Value:
    """`template % values`, or `% named`; a width beyond three digits leaves the mark as it stands."""
    if template == UNKNOWN:
        return UNKNOWN
    waiting = iter(values)

    def fill(match: re.Match[str]) -> str:
        kind = match["kind"]
        if kind == "%":
            return "%"
        key = match["key"]
        value = next(waiting, UNKNOWN) if key is None else (named or {}).get(key, UNKNOWN)
        if not isinstance(value, int):
            return as_text(value)
        return chr(value) if kind == "c" and 0 <= value < 0x110000 else _formatted(match[0], value)

    return _filled(_MARK, fill, template)


def _filled(marks: re.Pattern[str], fill: Callable[[re.Match[str]], str], template: str) -> str:
    """`marks.sub(fill, template)`, but never more than MAX_FOLDED characters, not even on the way."""
    pieces: list[str] = []
    size = end = 0
    for match in marks.finditer(template):
        pieces += (template[end : match.start()], fill(match))
        end = match.end()
        size += len(pieces[-1])
        if size > MAX_FOLDED:
            break
    return "".join([*pieces, template[end:]])[:MAX_FOLDED]


def _formatted(mark: str, value: int) -> str:
    try:
        return mark % value if "(" not in mark else str(value)
    except (ValueError, TypeError, OverflowError):
        return UNKNOWN


def formatted(template: str, values: Sequence[Value], named: dict[str, Value]) -> str:
    """`template.format(*values, **named)`; a field that is not a plain name or number stays as it stands."""
    position = -1

    def fill(match: re.Match[str]) -> str:
        nonlocal position
        if match[0] in ("{{", "}}"):
            return match[0][0]
        key = match["key"]
        if not key:
            position += 1
        index = int(key[:4]) if key.isdecimal() else position
        if key and not key.isdecimal():
            value = named.get(key, UNKNOWN)
        else:
            value = values[index] if 0 <= index < len(values) else UNKNOWN
        return _spelt(value, match["spec"] or ":")

    return _filled(_FIELD, fill, template)


def _spelt(value: Value, spec: str) -> str:
    if isinstance(value, int) and spec[1:] in ("c", "x", "o", "b", "X"):
        try:
            return format(value, spec[1:])
        except (ValueError, OverflowError):
            return UNKNOWN
    return as_text(value)

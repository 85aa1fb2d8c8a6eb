"""Constant folding: the strings, bytes and whole numbers that an expression may evaluate to.

Knows expressions. Must not know what the results are used for. Nothing here runs the program: each operation
is one of those written below, on constants, with a bound on the size of what it makes.
"""

import ast
import base64
import binascii
import codecs
import zlib
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, product
from typing import Final, Protocol

Value = str | bytes | int
UNKNOWN: Final = "\x00"
"""Stands in a folded string for a part that is not known. Programs cannot contain it: intake refuses NUL."""
MAX_FOLDED: Final = 4096
_MAX_COMBINATIONS: Final = 24


class Folder(Protocol):
    """Who knows the values of inner expressions."""

    def values(self, node: ast.expr) -> frozenset[Value]:
        """Constants that `node` may be, with UNKNOWN for others."""

    def paths(self, node: ast.expr) -> frozenset[str]:
        """Dotted names that `node` may be."""


def fold_operation(node: ast.expr, names: Folder) -> Iterable[Value]:
    """Values of an operator, an f-string, or a slice."""
    match node:
        case ast.BinOp():
            for left, right in _combine([node.left, node.right], names):
                yield _binary(node.op, left, right)
        case ast.UnaryOp(op=ast.USub()):
            yield from (-value if isinstance(value, int) else UNKNOWN for value in names.values(node.operand))
        case ast.JoinedStr():
            parts = [value.value if isinstance(value, ast.FormattedValue) else value for value in node.values]
            for chosen in _combine(parts, names):
                yield "".join(_as_text(part) for part in chosen)[:MAX_FOLDED]
        case ast.Subscript():
            yield from (_slice(value, node.slice) for value in names.values(node.value))
        case _:
            yield UNKNOWN


def _combine(nodes: list[ast.expr], names: Folder) -> Iterable[tuple[Value, ...]]:
    choices = [sorted(names.values(node), key=repr) for node in nodes]
    return islice(product(*choices), _MAX_COMBINATIONS)


def _as_text(value: Value) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _binary(operator: ast.operator, left: Value, right: Value) -> Value:
    match operator, left, right:
        case ast.Add(), str(), str():
            return (left + right)[:MAX_FOLDED]
        case ast.Add(), bytes(), bytes():
            return (left + right)[:MAX_FOLDED]
        case ast.Div(), str(), str():
            return _join_path([left, right])
        case ast.Mult(), str() | bytes(), int():
            return left * right if 0 <= right * max(len(left), 1) <= MAX_FOLDED else UNKNOWN
        case ast.Mod(), str(), _:
            return left.replace("%s", _as_text(right), 1) if left != UNKNOWN else UNKNOWN
        case _, int(), int():
            return _number(operator, left, right)
    return UNKNOWN


def _number(operator: ast.operator, left: int, right: int) -> Value:
    if max(left.bit_length(), right.bit_length()) > 256:
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
        case ast.LShift() if 0 <= right <= 1024:
            return left << right
        case ast.Pow() if right >= 0 and left.bit_length() * right <= 4096:
            return int(left**right)
        case ast.Pow() if right > 0 and left > 1:
            # Too large to write down; a number that is surely larger than any limit says the same.
            return 1 << 512
    return UNKNOWN


def _slice(value: Value, where: ast.expr) -> Value:
    if not isinstance(value, str | bytes) or value == UNKNOWN:
        return UNKNOWN
    match where:
        case ast.Slice():
            bounds = [_literal_int(part) for part in (where.lower, where.upper, where.step)]
            return UNKNOWN if 0 in bounds[2:] else value[slice(*bounds)]
        case ast.Constant(value=int(index)) if -len(value) <= index < len(value):
            return value[index]
    return UNKNOWN


def _literal_int(node: ast.expr | None) -> int | None:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def _join_path(parts: Iterable[Value]) -> str:
    joined = ""
    for part in map(_as_text, parts):
        joined = part if part.startswith("/") or not joined else joined.rstrip("/") + "/" + part
    return joined[:MAX_FOLDED]


def fold_call(call: ast.Call, names: Folder) -> Iterable[Value]:
    """Values of a call to one of the functions and methods written here; UNKNOWN for any other."""
    known = [path for path in names.paths(call.func) if path in _FUNCTIONS]
    positional = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
    for path in known:
        for values in _combine(positional, names):
            yield _attempt(_FUNCTIONS[path], list(values))
    if not known and isinstance(call.func, ast.Attribute):
        yield from _fold_method(call.func, positional, call.keywords, names)
    elif not known:
        yield UNKNOWN


def _fold_method(
    function: ast.Attribute, args: list[ast.expr], keywords: list[ast.keyword], names: Folder
) -> Iterable[Value]:
    if function.attr == "join" and len(args) == 1:
        yield from _fold_join(function.value, args[0], names)
        return
    if function.attr in ("format", "format_map"):
        yield from _fold_format(function.value, args, keywords, names)
        return
    method = _METHODS.get(function.attr)
    if method is None:
        yield UNKNOWN
        return
    for values in _combine([function.value, *args], names):
        yield _attempt(method, list(values))


def _fold_join(separator: ast.expr, sequence: ast.expr, names: Folder) -> Iterable[Value]:
    elements = _elements(sequence, names)
    if elements is None:
        yield UNKNOWN
        return
    for between in names.values(separator):
        joined = _as_text(between).join(map(_as_text, elements))[:MAX_FOLDED]
        yield joined.encode("latin-1", "replace") if isinstance(between, bytes) else joined


def _elements(sequence: ast.expr, names: Folder) -> list[Value] | None:
    """The elements of a literal sequence, or of `chr(n) for n in [..]` and `map(chr, [..])`."""
    match sequence:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [min(names.values(element), key=repr) for element in elements]
        case ast.ListComp(elt=made, generators=[loop]) | ast.GeneratorExp(elt=made, generators=[loop]):
            return _mapped(made, loop, names)
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="chr"), inner]):
            return _characters(_elements(inner, names))
        case ast.Call(func=ast.Name(id="reversed"), args=[inner]):
            return [*reversed(_elements(inner, names) or [UNKNOWN])]
        case ast.Constant(value=str(text)):
            return list(text)
    return None


def _mapped(made: ast.expr, loop: ast.comprehension, names: Folder) -> list[Value] | None:
    inner = _elements(loop.iter, names)
    match made:
        case ast.Name():
            return inner
        case ast.Call(func=ast.Name(id="chr"), args=[ast.Name()]):
            return _characters(inner)
    return None


def _characters(numbers: list[Value] | None) -> list[Value] | None:
    if numbers is None:
        return None
    return [chr(n) if isinstance(n, int) and 0 <= n < 0x110000 else UNKNOWN for n in numbers]


def _fold_format(
    template: ast.expr, args: list[ast.expr], keywords: list[ast.keyword], names: Folder
) -> Iterable[Value]:
    for text in names.values(template):
        if not isinstance(text, str) or text == UNKNOWN:
            yield UNKNOWN
            continue
        filled = text
        for index, arg in enumerate(args):
            value = _as_text(min(names.values(arg), key=repr))
            filled = filled.replace("{}", value, 1).replace(f"{{{index}}}", value)
        for keyword in keywords:
            value = _as_text(min(names.values(keyword.value), key=repr))
            filled = filled.replace(f"{{{keyword.arg}}}", value)
        yield filled[:MAX_FOLDED]


def _attempt(function: Callable[..., Value], values: list[Value]) -> Value:
    if any(value == UNKNOWN for value in values) and function is not _path:
        return UNKNOWN
    try:
        made = function(*values)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, binascii.Error, zlib.error):
        return UNKNOWN
    return made[:MAX_FOLDED] if isinstance(made, str | bytes) else made


def _path(*parts: Value) -> Value:
    return _join_path(parts)


def _inflate(data: bytes, *_: Value) -> Value:
    return zlib.decompressobj().decompress(data, MAX_FOLDED)


def _decode(data: Value, encoding: Value = "utf-8", *_: Value) -> Value:
    if isinstance(data, str):
        return codecs.decode(data, "rot13") if encoding in ("rot13", "rot_13") else UNKNOWN
    if encoding == "hex" and isinstance(data, bytes):
        return bytes.fromhex(data.decode())
    return data.decode(str(encoding)) if isinstance(data, bytes) else UNKNOWN


def _b64(data: Value, *_: Value) -> Value:
    return base64.b64decode(data if isinstance(data, str | bytes) else b"")


_FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "os.path.join": _path,
    "os.path.abspath": lambda path: path,
    "os.path.normpath": lambda path: path,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "os.path.expanduser": lambda path: path,
    "os.fspath": lambda path: path,
    "base64.b64decode": _b64,
    "base64.urlsafe_b64decode": _b64,
    "base64.standard_b64decode": _b64,
    "base64.b32decode": lambda data: base64.b32decode(data),
    "base64.b16decode": lambda data: base64.b16decode(data),
    "binascii.unhexlify": lambda data: binascii.unhexlify(data),
    "binascii.a2b_base64": lambda data: binascii.a2b_base64(data),
    "builtins.bytes.fromhex": lambda text: bytes.fromhex(text),
    "builtins.bytearray.fromhex": lambda text: bytes.fromhex(text),
    "codecs.decode": _decode,
    "zlib.decompress": _inflate,
    "builtins.chr": lambda number: chr(number),
    "builtins.str": lambda value, *rest: _decode(value, *rest) if isinstance(value, bytes) else str(value),
    "builtins.int": lambda value, base=10: int(value, base) if isinstance(value, str) else int(value),
    "builtins.ord": lambda char: ord(char),
}
_METHODS: Final[Mapping[str, Callable[..., Value]]] = {
    "decode": _decode,
    "encode": lambda text, encoding="utf-8": text.encode(encoding),
    "replace": lambda text, old, new: text.replace(old, new),
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "title": lambda text: text.title(),
    "strip": lambda text, *chars: text.strip(*chars),
    "lstrip": lambda text, *chars: text.lstrip(*chars),
    "rstrip": lambda text, *chars: text.rstrip(*chars),
    "removeprefix": lambda text, prefix: text.removeprefix(prefix),
    "removesuffix": lambda text, suffix: text.removesuffix(suffix),
    "joinpath": _path,
    "translate": lambda text: text,
}

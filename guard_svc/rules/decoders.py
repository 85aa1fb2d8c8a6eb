"""Functions and methods that make text from constants: encodings, ciphers that everybody knows, and case.

Knows what each does to constants. Must not know syntax. Nothing is run that is not written here; what a call
raises is the caller's business, and what it makes is bounded by `fold.MAX_FOLDED`.
"""

import base64
import binascii
import bz2
import codecs
import html
import lzma
import urllib.parse
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from guard_svc.rules.fold import MAX_FOLDED, UNKNOWN, Value, join_path

ERRORS: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError, ArithmeticError, EOFError, OSError),
    *(binascii.Error, zlib.error, lzma.LZMAError),
)
"""What a function here may raise for values that do not suit it."""


def path_of(*parts: Value) -> Value:
    """Parts of a path, joined; unknown parts stay inside."""
    return join_path(parts)


def _bytes(data: Value) -> bytes:
    if isinstance(data, str):
        return data.encode("latin-1")
    return data if isinstance(data, bytes) else b""


def _inflate(data: Value, *options: Value) -> Value:
    bits = options[0] if options and isinstance(options[0], int) else zlib.MAX_WBITS
    return zlib.decompressobj(bits).decompress(_bytes(data), MAX_FOLDED)


def _gunzip(data: Value, *_: Value) -> Value:
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(_bytes(data), MAX_FOLDED)


def _bunzip(data: Value) -> Value:
    return bz2.BZ2Decompressor().decompress(_bytes(data), MAX_FOLDED)


def _unxz(data: Value, *_: Value) -> Value:
    return lzma.LZMADecompressor(memlimit=16 << 20).decompress(_bytes(data), MAX_FOLDED)


def _decode(data: Value, encoding: Value = "utf-8", *_: Value) -> Value:
    name = str(encoding).lower().replace("-", "_").removesuffix("_codec")
    if name in ("rot13", "rot_13"):
        return codecs.encode(data, "rot13") if isinstance(data, str) else UNKNOWN
    if isinstance(data, int):
        return UNKNOWN
    if name in ("hex", "base64", "zlib", "zip", "bz2"):
        table: Mapping[str, Callable[..., Value]] = {
            "hex": _unhex, "base64": _b64, "zlib": _inflate, "zip": _inflate, "bz2": _bunzip,
        }  # fmt: skip
        return table[name](data)
    if name in ("unicode_escape", "raw_unicode_escape"):
        return _bytes(data).decode(name)
    return data.decode(str(encoding)) if isinstance(data, bytes) else UNKNOWN


def _encode(text: Value, encoding: Value = "utf-8", *_: Value) -> Value:
    name = str(encoding).lower().replace("-", "_")
    if name in ("rot13", "rot_13"):
        return codecs.encode(text, "rot13") if isinstance(text, str) else UNKNOWN
    if name == "hex":
        return _bytes(text).hex().encode()
    return text.encode(str(encoding)) if isinstance(text, str) else text


def _b64(data: Value, *_: Value) -> Value:
    return base64.b64decode(_bytes(data))


def _urlsafe(data: Value) -> Value:
    return base64.urlsafe_b64decode(_bytes(data))


def _unhex(data: Value, *_: Value) -> Value:
    return bytes.fromhex(data if isinstance(data, str) else _bytes(data).decode())


def _text(value: Value = "", *rest: Value) -> Value:
    return _decode(value, *rest) if isinstance(value, bytes) else str(value)


def _number(value: Value, base: Value = 10) -> Value:
    if isinstance(value, str | bytes):
        return int(value[:600], base) if isinstance(base, int) else UNKNOWN
    return int(value)


def _to_bytes(number: Value, length: Value = 1, order: Value = "big", *_: Value) -> Value:
    if not isinstance(number, int) or not isinstance(length, int) or not 0 <= length <= MAX_FOLDED:
        return UNKNOWN
    return number.to_bytes(length, "little" if order == "little" else "big")


def _from_bytes(data: Value, order: Value = "big", *_: Value) -> Value:
    return int.from_bytes(_bytes(data)[:512], "little" if order == "little" else "big")


def _replace(text: Value, old: Value, new: Value, *_: Value) -> Value:
    if isinstance(text, str) and isinstance(old, str) and isinstance(new, str):
        return text.replace(old, new) if old and text.count(old) * len(new) <= MAX_FOLDED else UNKNOWN
    if isinstance(text, bytes) and isinstance(old, bytes) and isinstance(new, bytes):
        return text.replace(old, new) if old and text.count(old) * len(new) <= MAX_FOLDED else UNKNOWN
    return UNKNOWN


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "os.path.join": path_of,
    "os.path.abspath": lambda path: path,
    "os.path.normpath": lambda path: path,
    "os.path.realpath": lambda path: path,
    "os.path.expanduser": lambda path: path,
    "os.fspath": lambda path: path,
    "pathlib.Path": path_of,
    "pathlib.PurePath": path_of,
    "pathlib.PosixPath": path_of,
    "base64.b64decode": _b64,
    "base64.standard_b64decode": _b64,
    "base64.decodebytes": _b64,
    "base64.urlsafe_b64decode": _urlsafe,
    "base64.b32decode": lambda data, *_: base64.b32decode(_bytes(data)),
    "base64.b32hexdecode": lambda data, *_: base64.b32hexdecode(_bytes(data)),
    "base64.b16decode": lambda data, *_: base64.b16decode(_bytes(data), casefold=True),
    "base64.a85decode": lambda data, *_: base64.a85decode(_bytes(data)),
    "base64.b85decode": lambda data: base64.b85decode(_bytes(data)),
    "base64.b64encode": lambda data, *_: base64.b64encode(_bytes(data)),
    "binascii.unhexlify": _unhex,
    "binascii.a2b_hex": _unhex,
    "binascii.a2b_base64": lambda data, *_: binascii.a2b_base64(_bytes(data)),
    "builtins.bytes.fromhex": _unhex,
    "builtins.bytearray.fromhex": _unhex,
    "builtins.int.from_bytes": _from_bytes,
    "builtins.int.to_bytes": _to_bytes,
    "codecs.decode": _decode,
    "codecs.encode": _encode,
    "zlib.decompress": _inflate,
    "gzip.decompress": _gunzip,
    "bz2.decompress": _bunzip,
    "lzma.decompress": _unxz,
    "html.unescape": lambda text: html.unescape(text),
    "urllib.parse.unquote": lambda text, *_: urllib.parse.unquote(text),
    "builtins.chr": lambda number: chr(number),
    "builtins.ord": lambda char: ord(char),
    "builtins.str": _text,
    "builtins.repr": lambda value: repr(value),
    "builtins.hex": lambda number: hex(number),
    "builtins.len": lambda value: len(value),
    "builtins.abs": lambda number: abs(number),
    "builtins.int": _number,
    "textwrap.dedent": lambda text: text,
    "sys.intern": lambda text: text,
}
"""By full name. Each takes the values of a call's positional arguments."""

METHODS: Final[Mapping[str, Callable[..., Value]]] = {
    "decode": _decode,
    "encode": _encode,
    "hex": lambda data: data.hex(),
    "to_bytes": _to_bytes,
    "replace": _replace,
    "lower": lambda text: text.lower(),
    "casefold": lambda text: text.casefold(),
    "upper": lambda text: text.upper(),
    "title": lambda text: text.title(),
    "capitalize": lambda text: text.capitalize(),
    "swapcase": lambda text: text.swapcase(),
    "strip": lambda text, *chars: text.strip(*chars),
    "lstrip": lambda text, *chars: text.lstrip(*chars),
    "rstrip": lambda text, *chars: text.rstrip(*chars),
    "removeprefix": lambda text, prefix: text.removeprefix(prefix),
    "removesuffix": lambda text, suffix: text.removesuffix(suffix),
    "joinpath": path_of,
    "with_name": lambda path, name: join_path([*path.split("/")[:-1], name]),
}
"""By the method's name. Each takes the object first."""

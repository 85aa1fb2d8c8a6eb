"""One text read in the ways in which something can be written in it: escaped, encoded, packed, backwards.

docs/contract.md 5.3. Complete it cannot be: whoever invents a code of their own is not read.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_MOST_UNPACKED: Final = 4 << 20
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|([nrtbf\"'/\\]))")
# Eight bytes have so many letters at least.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}")
_BASE32 = re.compile(r"[A-Z2-7]{13,}|[a-z2-7]{13,}")
_HEX = re.compile(r"[0-9a-fA-F]{16,}|(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,-]{1,2}){7,}[0-9a-fA-F]{2}")
_NOT_HEX = re.compile(r"0x|\\x|[^0-9a-fA-F]")
_TEXTUAL = re.compile(r"[^\x00-\x08\x0e-\x1f\x7f-\x9f]*")


@dataclass(frozen=True)
class View:
    """One reading."""

    text: str
    sure: bool
    """False: bytes that mean nothing, most likely, in which short words stand by chance."""


def views(text: str) -> Iterator[View]:
    """The text itself, and all that it says if it is decoded once or twice."""
    yield View(text, True)
    for view in (*_turned(text), *_decoded(text)):
        yield view
        for inner in _decoded(view.text):
            yield View(inner.text, inner.sure and view.sure)
    for view in _decoded(text):
        yield from (View(inner.text, view.sure) for inner in _turned(view.text))


def _turned(text: str) -> Iterator[View]:
    """What stays text of the same length."""
    yield View(text[::-1], True)
    yield View(codecs.encode(text, "rot13"), True)


def _decoded(text: str) -> Iterator[View]:
    for whole in (_percent, _escapes, _html):
        if (told := whole(text)) != text:
            yield View(told, True)
    for pattern, read in _PACKED:
        yield from _unpacked(pattern, read, text)


def _percent(text: str) -> str:
    return unquote(text.replace("+", " "), errors="replace") if "%" in text else text


def _escapes(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    if found[4]:
        return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(found[4], found[4])
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def _html(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def _unpacked(pattern: re.Pattern[str], read: Callable[[str], Iterator[bytes]], text: str) -> Iterator[View]:
    """All that runs of an encoding's letters decode to: what is text for certain, and what may be."""
    sure: list[str] = []
    unsure: list[str] = []
    for run in pattern.findall(text):
        for content in read(run):
            for told in (content, _inflated(content)):
                plain = told.decode("utf-8", "ignore")
                certain = len(plain.encode()) == len(told) and _TEXTUAL.fullmatch(plain)
                (sure if certain else unsure).append(plain)
    if any(sure):
        yield View("\n".join(sure), True)
    if any(unsure):
        yield View("\n".join(unsure), False)


def _inflated(content: bytes) -> bytes:
    if not content.startswith((b"\x1f\x8b", b"\x78")):
        return b""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content, _MOST_UNPACKED)
    except zlib.error:
        return b""


def _base64(run: str) -> Iterator[bytes]:
    """From each of four places, as nobody says where it begins."""
    if run in (run.lower(), run.upper()):  # a word or a number: base64 of eight bytes of text has both cases
        return
    letters = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        part = letters[start:]
        if len(part) % 4 != 1:
            yield binascii.a2b_base64(part + "=" * (-len(part) % 4))
        else:
            yield binascii.a2b_base64(part[:-1])


def _base32(run: str) -> Iterator[bytes]:
    letters = run.upper()
    whole = letters[: len(letters) // 8 * 8]
    rest = letters[len(whole) :]
    if len(rest) in (2, 4, 5, 7):
        whole += rest + "=" * (8 - len(rest))
    yield base64.b32decode(whole)


def _hex(run: str) -> Iterator[bytes]:
    digits = _NOT_HEX.sub("", run)
    for start in range(2):
        part = digits[start:]
        yield bytes.fromhex(part[: len(part) // 2 * 2])


_PACKED: Final = ((_BASE64, _base64), (_BASE32, _base32), (_HEX, _hex))

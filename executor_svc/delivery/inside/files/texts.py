"""All words in a file that leaves: what is searched for what must not (docs/contract.md 5.4)."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from executor_svc.delivery.inside.files import columnar, nested, pictures, plain, tables, workbooks

_MOST: Final = 64 << 20
_APART: Final = re.compile(r"</(?:\w+:)?(?:c|si|row|comment|text)>")
"""Ends of what is read by itself: a cell, a shared string, a note, a text of a picture."""
_TAG: Final = re.compile(r"<[^>]*>")
_WORDY: Final = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP")


@dataclass(frozen=True)
class Said:
    """What a file says."""

    text: str
    """All of it, as it is written there, and what it unpacks to."""
    cells: Sequence[str]
    """Single values of JSON; cells of tables are those of its tables."""
    keys: Sequence[str] = field(default_factory=tuple)
    """Of JSON, at any depth."""
    value: Any = None
    """Of JSON."""
    has_lines: bool = True
    """Whether the text's lines are the file's."""


def texts_of(kind: str, path: Path, figure: Any) -> Said:
    """`figure`: the description that an image was drawn from, if it was. Raises NotOfKind, Unreadable."""
    match kind:
        case "json":
            return _json(plain.json_of(path), plain.text_of(path))
        case "csv":
            return Said(_decoded(path), ())
        case "parquet":
            return Said(_parquet(path), (), has_lines=False)
        case "xlsx":
            return Said("\n".join(_parts(path)), (), has_lines=False)
        case "png":
            told = "\n".join((*_chunks(path.read_bytes()), *strings(figure)))
            return Said(told, (), has_lines=False)
        case "pdf":
            return Said("\n".join(strings(figure)), (), has_lines=False)
        case "svg":
            text = plain.text_of(path)
            return Said("\n".join((text, _untagged(text), *strings(figure))), (), has_lines=False)
    return Said("\n".join((plain.text_of(path), *strings(figure))), ())


def strings(value: Any) -> Iterator[str]:
    """Every string and number in a value of JSON."""
    return (said for _, said in nested.entries([value]))


def _json(value: Any, text: str) -> Said:
    entries = list(nested.entries(value))
    keys = dict.fromkeys(key for _, keys in nested.objects(value, ()) for key in keys)
    return Said(text, tuple(said for _, said in entries), tuple(keys), value)


def _decoded(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _parquet(path: Path) -> str:
    """Its cells, its names, and what is told beside them."""
    (table,) = tables.tables_of("parquet", path)
    beside = columnar.beside_cells(columnar.opened(path))
    return "\n".join((*beside, " ".join(table.names), *(" ".join(row) for row in table.rows())))


def _parts(path: Path) -> Iterator[str]:
    for part in workbooks.parts(path):
        yield part
        yield _untagged(part)


def _untagged(text: str) -> str:
    """What is shown of XML: a word may go on behind a tag."""
    return html.unescape(_TAG.sub("", _APART.sub("\n", text)))


def _chunks(content: bytes) -> Iterator[str]:
    """What a PNG says in words."""
    for kind, data in pictures.png_chunks(content):
        if kind in _WORDY or kind not in (b"IHDR", b"IDAT", b"IEND", b"PLTE"):
            yield data.decode("latin-1")
            yield from (part.decode("utf-8", "replace") for part in _inflated(data))


def _inflated(data: bytes) -> Iterator[bytes]:
    """The packed text of zTXt, iTXt and iCCP stands behind one to four words that end in zero."""
    for at, byte in enumerate(data[:256]):
        if byte == 0x78:
            try:
                yield zlib.decompressobj().decompress(data[at:], _MOST)
            except zlib.error:
                continue

"""A PNG, from its first to its last byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from executor_svc.delivery.inside.files.plain import NotOfKind

PNG: Final = b"\x89PNG\r\n\x1a\n"


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and data of each. Raises NotOfKind for what is no PNG from the first to the last byte."""
    at, kind = len(PNG), b""
    if not content.startswith(PNG):
        raise NotOfKind("it is no PNG")
    while kind != b"IEND":
        length = int.from_bytes(content[at : at + 4], "big")
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        told = content[at + 8 + length : at + 12 + length]
        if len(data) != length or told != struct.pack(">I", zlib.crc32(kind + data)):
            raise NotOfKind("it is a PNG that is broken off or damaged")
        yield kind, data
        at += 12 + length
    if at != len(content):
        raise NotOfKind("something follows the picture's end")


def check_png(path: Path) -> None:
    """Raises NotOfKind."""
    chunks = list(png_chunks(path.read_bytes()))
    if chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise NotOfKind("it is a PNG without a header")
    # What the picture's data holds behind the picture is nothing that anybody sees.
    try:
        unpacker = zlib.decompressobj()
        for kind, data in chunks:
            if kind == b"IDAT":
                _drained(unpacker, data)
    except zlib.error:
        raise NotOfKind("its picture cannot be read") from None
    if not unpacker.eof or unpacker.unused_data:
        raise NotOfKind("its picture is broken off, or something follows it")


def _drained(unpacker: Any, data: bytes) -> None:
    while data:
        unpacker.decompress(data, 1 << 20)
        data = unpacker.unconsumed_tail

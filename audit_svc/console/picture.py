"""A picture that a program made, rebuilt so that a browser gets pixels and nothing else.

Knows PNG (ISO/IEC 15948): signature, chunks, checksums, and how many bytes of pixels a header means. Pure.
Whatever is not plain is refused; nothing of a program's own text, time, profile or trailing bytes survives.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_SIDE: Final = 10_000
MAX_PIXELS: Final = 25_000_000
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Per pixel, by colour type."""
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_KEPT: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CRITICAL: Final = 0x20
"""Bit of a chunk's first letter; clear when a reader must understand the chunk."""


class PictureRefused(ValueError):  # noqa: N818 - named for the state it reports
    """The bytes are no picture that is shown here; the message says why."""


def rebuilt(content: bytes) -> bytes:
    """The same picture with only what draws it. Raises PictureRefused for anything but a sound PNG."""
    if len(content) > MAX_BYTES:
        raise PictureRefused(f"it has more than {MAX_BYTES} bytes")
    if not content.startswith(SIGNATURE):
        raise PictureRefused("it is no PNG")
    kept = [(name, data) for name, data in _chunks(content) if name in _KEPT]
    _check_order([name for name, _ in kept])
    _check_pixels(_announced(kept[0][1]), b"".join(data for name, data in kept if name == b"IDAT"))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in kept)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(content):
        if at + 12 > len(content):
            raise PictureRefused("it ends within a chunk")
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content) or not name.isalpha():
            raise PictureRefused("it ends within a chunk")
        data = content[at + 8 : end - 4]
        if struct.unpack_from(">I", content, end - 4)[0] != zlib.crc32(name + data):
            raise PictureRefused("a chunk's checksum is wrong")
        if name not in _KEPT and not name[0] & _CRITICAL:
            raise PictureRefused("it has a chunk that no plain picture needs")
        yield name, data
        if name == b"IEND":
            return  # whatever follows is not the picture's
        at = end
    raise PictureRefused("it has no end")


def _check_order(names: list[bytes]) -> None:
    order = [_KEPT.index(name) for name in names]
    singles = [name for name in names if name != b"IDAT"]
    if (
        names[:1] != [b"IHDR"]
        or b"IDAT" not in names
        or order != sorted(order)
        or len(set(singles)) < len(singles)
    ):
        raise PictureRefused("its chunks are not in order")


def _announced(header: bytes) -> int:
    """Bytes of pixels, filter bytes included, that a picture of this header has."""
    if len(header) != 13:
        raise PictureRefused("its header is not one")
    width, height, depth, colour, packing, filters, interlaced = struct.unpack(">IIBBBBB", header)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise PictureRefused("it has no pixels, or too many")
    if depth not in _DEPTHS.get(colour, ()) or packing or filters or interlaced:
        raise PictureRefused("its header is not that of a plain picture")
    row_bytes: int = 1 + (width * _SAMPLES[colour] * depth + 7) // 8
    return int(height) * row_bytes


def _check_pixels(expected: int, packed: bytes) -> None:
    """Unpack in pieces, so that a small file cannot fill the memory."""
    unpacker, size, rest = zlib.decompressobj(), 0, packed
    try:
        while not unpacker.eof and size <= expected:
            pixels = unpacker.decompress(rest, 1 << 20)
            rest, size = unpacker.unconsumed_tail, size + len(pixels)
            if not pixels and not rest:
                break
    except zlib.error:
        raise PictureRefused("its pixels cannot be unpacked") from None
    if size != expected or not unpacker.eof or unpacker.unused_data:
        raise PictureRefused("its pixels are not what its header announces")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

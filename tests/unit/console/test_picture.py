"""A picture reaches a browser as pixels only, or not at all."""

from __future__ import annotations

import struct
import zlib

import pytest

from audit_svc.console.picture import MAX_PIXELS, SIGNATURE, PictureRefused, rebuilt


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width: int = 2, height: int = 2, depth: int = 8, colour: int = 2, **change: int) -> bytes:
    last = (change.get("packing", 0), change.get("filters", 0), change.get("interlaced", 0))
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, *last))


PIXELS = zlib.compress(bytes(2 * (1 + 2 * 3)))
END = chunk(b"IEND")
PLAIN = SIGNATURE + header() + chunk(b"IDAT", PIXELS) + END


def test_a_plain_picture_stays_as_it_is() -> None:
    assert rebuilt(PLAIN) == PLAIN


def test_pixels_in_several_chunks_stay_as_they_are() -> None:
    parts = SIGNATURE + header() + chunk(b"IDAT", PIXELS[:5]) + chunk(b"IDAT", PIXELS[5:]) + END
    assert rebuilt(parts) == parts


@pytest.mark.parametrize("name", [b"tEXt", b"iTXt", b"zTXt", b"tIME", b"iCCP", b"eXIf", b"gAMA"])
def test_text_time_and_profiles_are_left_out(name: bytes) -> None:
    dressed = SIGNATURE + header() + chunk(name, b"<script>alert(1)</script>") + chunk(b"IDAT", PIXELS) + END
    assert rebuilt(dressed) == PLAIN


def test_what_follows_the_picture_is_left_out() -> None:
    assert rebuilt(PLAIN + b"<html><script>alert(1)</script>") == PLAIN


BOMB = zlib.compress(bytes(64 * 1024 * 1024))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a",
        SIGNATURE,
        PLAIN[:-1],
        PLAIN[:40] + bytes([PLAIN[40] ^ 1]) + PLAIN[41:],
        SIGNATURE + header() + END,
        SIGNATURE + chunk(b"IDAT", PIXELS) + header() + END,
        SIGNATURE + header() + header() + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header() + chunk(b"IDAT", PIXELS) + chunk(b"PLTE", bytes(3)) + END,
        SIGNATURE + header() + chunk(b"CODE", b"x") + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(width=3) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(height=1) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(width=0) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(width=10_001) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(width=10_000, height=MAX_PIXELS // 10_000 + 1) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(depth=3) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(colour=5) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header(interlaced=1) + chunk(b"IDAT", PIXELS) + END,
        SIGNATURE + header() + chunk(b"IDAT", PIXELS[:-4]) + END,
        SIGNATURE + header() + chunk(b"IDAT", PIXELS + b"more") + END,
        SIGNATURE + header() + chunk(b"IDAT", b"not packed") + END,
        SIGNATURE + header() + chunk(b"IDAT", BOMB) + END,
        SIGNATURE + struct.pack(">I", 2**31) + b"IHDR",
    ],
    ids=range(24),
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(PictureRefused):
        rebuilt(content)


def test_a_large_picture_is_checked_to_its_last_pixel() -> None:
    row = b"\0" + bytes(range(250)) * 12
    packed = zlib.compress(row * 1000)
    large = SIGNATURE + header(width=1000, height=1000) + chunk(b"IDAT", packed) + END
    assert rebuilt(large) == large

"""Which of the files that a program left are images, and which are surely none: by content, never by name."""

from __future__ import annotations

import re
from pathlib import Path

from executor_svc.delivery.inside.files import columnar, workbooks
from executor_svc.delivery.inside.files.separated import Unreadable

_ENDINGS = (
    "png svg svgz pdf ps eps jpg jpeg gif bmp tif tiff webp ico avif heic xpm xbm pnm ppm pgm pbm "
    "emf wmf psd tga dxf fig dot tex mmd html htm xhtml"
)
IMAGES = tuple(f".{ending}" for ending in _ENDINGS.split())
"""Endings that say so themselves, also of texts that only a program draws."""
_PICTURES_IN_TEXT = re.compile(
    rb"<[^>]{0,80}svg|<[^>]{0,20}(html|img|image|canvas|object|embed|iframe)\b|data:\s*image|%!PS|%PDF|#define\s+\w+_width"
    rb"|/\*\s*XPM\s*\*/",
    re.IGNORECASE,
)
_CHUNK = 1 << 20
_OVERLAP = 256


def is_none(path: Path) -> bool:
    """Whether a file is surely no image and holds none: plain text, Parquet, or a workbook without pictures.

    What cannot be told is taken for an image.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head[:4] == b"PAR1":
        return _is_parquet(path)
    if head[:4] == b"PK\x03\x04":
        return workbooks.has_no_picture(path)
    return not re.match(rb"\s*P[1-7]\s", head) and _is_plain_text(path)


def _is_parquet(path: Path) -> bool:
    """Whether it is one throughout, and not only at both ends."""
    try:
        columnar.opened(path)
    except Unreadable:
        return False
    return True


def _is_plain_text(path: Path) -> bool:
    """UTF-8 without control characters and without the beginning of a picture."""
    rest = before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", chunk) or _PICTURES_IN_TEXT.search(before + chunk):
                return False
            before = chunk[-_OVERLAP:]
            try:
                (rest + chunk).decode("utf-8")
                rest = b""
            except UnicodeDecodeError as error:
                cut = len(rest + chunk) - error.start
                if cut > 3 or error.reason != "unexpected end of data":
                    return False
                rest = (rest + chunk)[error.start :]
    return not rest

"""Workbooks (XLSX): what stands in one, and whether it holds nothing but values, or surely no picture.

Every byte is hostile. Uses openpyxl.
"""

from __future__ import annotations

import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from executor_svc.delivery.inside.files import cells
from executor_svc.delivery.inside.files.marked import parse_xml
from executor_svc.delivery.inside.files.plain import Active, NotOfKind
from executor_svc.delivery.inside.files.separated import Unreadable
from executor_svc.delivery.inside.files.table import Row

_ACTIVE: Final = (
    "vbaproject",
    "externallink",
    "activex",
    "embeddings",
    "oleobject",
    "connections",
    "macro",
    "webextension",
)
_FORMULAS: Final = frozenset(
    (
        *("f", "definedName", "formula", "formula1", "formula2"),
        *("calculatedColumnFormula", "totalsRowFormula"),
    )
)
_NAMING: Final = ("ContentType", "PartName", "Type", "Target")
"""Attributes that say what a part is and where it lies."""
_DRAWN: Final = ("media/", "drawings/", "charts/", "embeddings/", "printersettings/", "activex/")
_DRAWN_TYPES = re.compile(rb"image/|drawing\+|chart|diagram|vml|oleobject|[\x00&]", re.IGNORECASE)
"""Types of parts that are drawn; `&` and NUL, since types are plain words in ASCII."""
_MOST_UNZIPPED: Final = 256 << 20
_TYPES: Final = "[Content_Types].xml"
_BEFORE, _LISTED, _END = 30, 46, 22
"""Bytes of the records of an archive, names not counted: before a part, in the list of parts, at the end."""
_BESIDE: Final = "something else than its parts is in it"
_BROKEN: Final = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    zlib.error,
    RuntimeError,
    NotImplementedError,
    ValueError,
    KeyError,
)


def sheets(path: Path) -> list[Sequence[Row]]:
    """The cells of each sheet. Raises Unreadable."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with path.open("rb") as file:  # by its name, only some suffixes are taken
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
                for sheet in book.worksheets:
                    sheet.reset_dimensions()  # else rows beyond the size that it claims are not read
                found = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    except Exception as error:  # openpyxl has no error of its own: what a broken part raises is anything
        raise Unreadable("it is no XLSX file that can be read") from error
    return [[[cells.of_value(cell) for cell in row] for row in sheet] for sheet in found]


def parts(path: Path) -> Iterator[str]:
    """The names of its parts, and the XML of each."""
    with zipfile.ZipFile(path) as archive:
        yield "\n".join(archive.namelist())
        for name in archive.namelist():
            yield archive.read(name).decode("utf-8", "replace")


def check(path: Path) -> None:
    """A workbook of values: nothing in it is computed, loaded or run. Raises NotOfKind, Active."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            found = _parts(archive)
            if sum(part.file_size for part in found) > _MOST_UNZIPPED:
                raise NotOfKind("it is larger than 256 MiB when it is unpacked")
            _check_nothing_beside(file, archive, found)
            for part in found:
                _check_packed(file, part)
                _check_part(part.filename, archive.read(part))
    except _BROKEN:
        raise NotOfKind("it is no XLSX file") from None


def has_no_picture(path: Path) -> bool:
    """Whether nothing in it is drawn; what cannot be told may be. Formulas and links may be in it."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            found = _parts(archive)
            _check_nothing_beside(file, archive, found)
            kinds = archive.read(_TYPES)
    except (*_BROKEN, NotOfKind):
        return False
    names = [part.filename.lower() for part in found]
    # Parts may lie anywhere: what they are is told by their types.
    told = all(name.endswith((".xml", ".rels")) for name in names) and not _DRAWN_TYPES.search(kinds)
    return told and not any(drawn in name for name in names for drawn in _DRAWN)


def _parts(archive: zipfile.ZipFile) -> Sequence[zipfile.ZipInfo]:
    """Each there once. Raises NotOfKind."""
    found = archive.infolist()
    names = {part.filename for part in found}
    if not {_TYPES, "xl/workbook.xml"} <= names or len(names) != len(found):
        raise NotOfKind("it is no XLSX file")
    return found


def _check_nothing_beside(file: BinaryIO, archive: zipfile.ZipFile, found: Sequence[zipfile.ZipInfo]) -> None:
    """Raises NotOfKind where bytes are in no part: unseen, or those of another kind of file."""
    at = 0
    for part in sorted(found, key=lambda part: part.header_offset):
        plain = part.filename == part.orig_filename and part.filename.isascii()
        if part.header_offset != at or part.extra or part.comment or not plain:
            raise NotOfKind(_BESIDE)
        at += _BEFORE + len(part.filename) + part.compress_size
    end = at + sum(_LISTED + len(part.filename) for part in found) + _END
    if archive.start_dir != at or file.seek(0, os.SEEK_END) != end:
        raise NotOfKind(_BESIDE)


def _check_packed(file: BinaryIO, part: zipfile.ZipInfo) -> None:
    """Raises NotOfKind where more is packed than a part unpacks to."""
    file.seek(part.header_offset + _BEFORE + len(part.filename))
    content = file.read(part.compress_size)
    if part.compress_type == zipfile.ZIP_DEFLATED:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        content = unpacker.decompress(content, part.file_size + 1) + unpacker.unused_data
    if len(content) != part.file_size:
        raise NotOfKind(_BESIDE)


def _check_part(name: str, content: bytes) -> None:
    """Raises NotOfKind, Active."""
    if any(word in name.lower() for word in _ACTIVE):
        raise Active("an XLSX with macros, links or embedded files")
    if not name.endswith((".xml", ".rels")):
        raise NotOfKind("an XLSX with another part than XML")
    parse_xml(content, _Part().begun)


class _Part:
    """One part of a workbook, element by element."""

    def __init__(self) -> None:
        self._row = self._column = 0

    def begun(self, name: str, attributes: Mapping[str, str]) -> None:
        """Raises NotOfKind, Active."""
        element = name.split(" ")[-1]
        if element in _FORMULAS:
            raise Active("an XLSX with a formula or a name that stands for one")
        if attributes.get("TargetMode", "Internal") != "Internal":
            raise Active("an XLSX with a link")
        if any(word in attributes.get(key, "").lower() for key in _NAMING for word in _ACTIVE):
            raise Active("an XLSX with macros, links or embedded files")
        if element == "row":
            self._row, self._column = self._after(self._row, attributes.get("r")), 0
        elif element == "c":
            place = attributes.get("r", "").rstrip("0123456789")
            self._column = self._after(self._column, str(_column(place)) if place else None)

    @staticmethod
    def _after(last: int, told: str | None) -> int:
        """Who reads a sheet takes rows and cells in their order, and may leave out what comes too late."""
        if told is not None and not (told.isascii() and told.isdecimal() and int(told[:9]) > last):
            raise NotOfKind("an XLSX whose rows and cells are not in order")
        return last + 1 if told is None else int(told[:9])


def _column(letters: str) -> int:
    """A is 1, Z is 26, AA is 27; 0 for what is no column."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        return 0
    return sum((ord(letter) - 64) * 26**place for place, letter in enumerate(reversed(letters)))

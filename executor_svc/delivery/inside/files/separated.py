"""Files of separated values, read without doubt or not at all.

Knows delimiters, quotes and encodings. What cannot be told for certain is refused: whoever reads a column
under the wrong name has read another column. Cells are text, as they stand there.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE: Final = 1 << 18
"""Characters from which delimiter and quotes are told; the rest must then agree with them."""
_LONGEST_CELL: Final = 16 << 20


class Unreadable(Exception):  # noqa: N818 - says what the file is
    """Not such a file, or not without doubt. The text says why, without a value."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    mark: bytes
    encoding: str
    """UTF-8, UTF-16, or Latin-1 for any encoding of one byte a character: its bytes stay what they are."""
    delimiter: str
    escapes: bool
    """A quote in a quoted cell has a backslash before it; else it is doubled."""
    line_end: str

    def options(self) -> dict[str, object]:
        """For the reader and the writer of `csv`."""
        escape = "\\" if self.escapes else None
        return {"delimiter": self.delimiter, "doublequote": not self.escapes, "escapechar": escape}


@dataclass(frozen=True)
class Separated:
    """A file whose beginning was understood."""

    path: Path
    dialect: Dialect
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> Separated:
        """Raises Unreadable."""
        csv.field_size_limit(_LONGEST_CELL)
        mark, encoding = _encoding(path)
        with _text(path, mark, encoding) as file:
            sample = file.read(_SAMPLE)
            whole = not file.read(1)
        dialect, names = _told(sample, whole, mark, encoding)
        return cls(path, dialect, names)

    def rows(self) -> Iterator[list[str]]:
        """Each row below the header, with as many cells as that. Raises Unreadable where one has not."""
        with _text(self.path, self.dialect.mark, self.dialect.encoding) as file:
            rows = _rows(file, self.dialect)
            next(rows)
            for number, row in enumerate(rows, 1):
                if len(row) != len(self.names):
                    raise Unreadable(_ragged(number, len(row), len(self.names)))
                yield row


def _encoding(path: Path) -> tuple[bytes, str]:
    with path.open("rb") as file:
        head = file.read(4)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                _check(path, mark, encoding)
                return mark, encoding
        file.seek(0)
        if any(b"\0" in chunk for chunk in iter(lambda: file.read(1 << 20), b"")):
            raise Unreadable("it holds NUL bytes, so it is no text")
    try:
        _check(path, b"", "utf-8")
    except Unreadable:
        return b"", "latin-1"
    return b"", "utf-8"


def _check(path: Path, mark: bytes, encoding: str) -> None:
    try:
        with _text(path, mark, encoding) as file:
            for chunk in iter(lambda: file.read(1 << 20), ""):
                if "\0" in chunk:
                    raise Unreadable("it holds NUL characters, so it is no text")
    except UnicodeDecodeError:
        raise Unreadable(f"it is marked as {encoding} and is not") from None


def _text(path: Path, mark: bytes, encoding: str) -> io.TextIOWrapper:
    raw = path.open("rb")
    raw.seek(len(mark))
    return io.TextIOWrapper(raw, encoding=encoding, newline="")


def _rows(file: io.TextIOBase, dialect: Dialect) -> Iterator[list[str]]:
    """What is in it, without blank lines."""
    try:
        for row in csv.reader(file, strict=True, **dialect.options()):  # type: ignore[arg-type]
            if row:
                yield row
    except csv.Error as error:
        raise Unreadable(f"its quotes or cells are not those of a CSV file: {error}") from None


def _ragged(number: int, found: int, wanted: int) -> str:
    return f"row {number} has {found} cells and the header {wanted}"


def _told(sample: str, whole: bool, mark: bytes, encoding: str) -> tuple[Dialect, tuple[str, ...]]:
    """The one way to read a sample in which all its rows have the header's width."""
    end = "\r\n" if "\r\n" in sample else "\n" if "\n" in sample or "\r" not in sample else "\r"
    ways = (False, True) if '\\"' in sample else (False,)
    found, why = [], ""
    for delimiter in DELIMITERS:
        for escapes in ways:
            dialect = Dialect(mark, encoding, delimiter, escapes, end)
            try:
                rows = _fitting(sample, whole, dialect)
            except Unreadable as error:
                why = why or str(error)
                continue
            found.append((dialect, rows))
    wide = [one for one in found if len(one[1][0]) > 1]
    if len(wide) == 1 or (wide and all(one[1] == wide[0][1] for one in wide)):
        return wide[0][0], tuple(wide[0][1][0])
    if wide:
        raise Unreadable("two delimiters or two ways to quote would do, so its columns cannot be told")
    if len(found) == len(DELIMITERS) * len(ways):  # no delimiter anywhere: one column
        return found[0][0], tuple(found[0][1][0])
    raise Unreadable(why)


def _fitting(sample: str, whole: bool, dialect: Dialect) -> list[list[str]]:
    """Its rows, the header first. The last one may be cut off by the sample's end and is left out then."""
    rows: list[list[str]] = []
    try:
        rows.extend(_rows(io.StringIO(sample, newline=""), dialect))
    except Unreadable:
        if whole or not rows:  # else the sample's end cut a quoted cell, or `rows` finds the fault again
            raise
    else:
        rows = list(islice(rows, len(rows) - (not whole)))
    if not rows:
        raise Unreadable("it has no header")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(rows[0]):
            raise Unreadable(_ragged(number, len(row), len(rows[0])))
    return rows

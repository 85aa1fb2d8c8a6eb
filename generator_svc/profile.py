"""What the prompt may say about an input: names of columns, what they seem to hold, how many rows.

Knows the csv module and bounds; reads bytes that a stranger chose, so every loop ends early and every
failure becomes a sentence in the profile. Must not know prompts. Cell values leave this module only as
sample rows, and only when the scope asks for them.
"""

import csv
import io
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 200_000
MAX_SECONDS = 1.0
MAX_COLUMNS = 60
MAX_NAME_CHARS = 64
MAX_CELL_CHARS = 40
ROWS_FOR_DTYPES = 1000
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}[./]\d{1,2}[./]\d{4}")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Column:
    """One column: its name (as written, cut to 64 characters) and a guess at what it holds."""

    name: str
    dtype: str
    """integer, number, date, boolean, text or empty."""
    has_missing: bool


@dataclass(frozen=True)
class Profile:
    """What is known of one input. ``problem`` says why there is no table; all text is untrusted."""

    name: str
    size: int
    delimiter: str = ","
    columns: tuple[Column, ...] = ()
    more_columns: int = 0
    rows: int = 0
    rows_exact: bool = True
    sample: tuple[tuple[str, ...], ...] = ()
    problem: str = ""


def profile(name: str, content: bytes, *, sample_rows: int = 0) -> Profile:
    """The profile of one input; never raises, whatever the bytes are."""
    if not content.strip():
        return Profile(name, len(content), problem="the file is empty")
    if b"\0" in content[:MAX_BYTES]:
        return Profile(name, len(content), problem="not a text file")
    text = content[:MAX_BYTES].decode("utf-8-sig", errors="replace")
    delimiter = _delimiter(text)
    try:
        return _table(name, content, text, delimiter, sample_rows)
    except csv.Error as err:
        return Profile(name, len(content), delimiter, problem=f"not readable as CSV ({err})")


def _table(name: str, content: bytes, text: str, delimiter: str, sample_rows: int) -> Profile:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    header = next(rows, [])
    if not any(cell.strip() for cell in header):
        return Profile(name, len(content), delimiter, problem="the first line names no columns")
    head: list[list[str]] = []
    count, ended = 0, False
    for row in _until_bounds(rows):
        if row is None:
            ended = True
            break
        count += 1
        if len(head) < ROWS_FOR_DTYPES:
            head.append(row)
    return Profile(
        name=name,
        size=len(content),
        delimiter=delimiter,
        columns=tuple(_column(cell, i, head) for i, cell in enumerate(header[:MAX_COLUMNS])),
        more_columns=max(0, len(header) - MAX_COLUMNS),
        rows=count,
        rows_exact=ended and len(content) <= MAX_BYTES,
        sample=tuple(tuple(c[:MAX_CELL_CHARS] for c in row[:MAX_COLUMNS]) for row in head[:sample_rows]),
        problem=_ragged(header, head),
    )


def _until_bounds(rows: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The non-blank rows, then None when that was all; stops without None at a bound."""
    end = time.monotonic() + MAX_SECONDS
    for number, row in enumerate(rows):
        if number >= MAX_ROWS or (number % 1024 == 0 and time.monotonic() > end):
            return
        if row:
            yield row
    yield None


def _delimiter(text: str) -> str:
    line = text[:4096].split("\n", 1)[0]
    return max(",;\t|", key=line.count)


def _column(name: str, index: int, rows: Sequence[Sequence[str]]) -> Column:
    cells = [row[index].strip() for row in rows if index < len(row)]
    present = [cell for cell in cells if cell.lower() not in _MISSING]
    return Column(name[:MAX_NAME_CHARS], _dtype(present), len(present) < len(rows))


def _dtype(cells: Sequence[str]) -> str:
    if not cells:
        return "empty"
    if all(cell.lower() in ("true", "false") for cell in cells):
        return "boolean"
    for dtype, pattern in (("integer", _INTEGER), ("number", _NUMBER), ("date", _DATE)):
        if all(pattern.fullmatch(cell) for cell in cells):
            return dtype
    return "text"


def _ragged(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    uneven = sum(len(row) != len(header) for row in rows)
    if not uneven:
        return ""
    return f"{uneven} of the first {len(rows)} rows do not have {len(header)} fields"

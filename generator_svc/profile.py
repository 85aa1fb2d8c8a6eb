"""What the prompt may say about an input: names of columns, what they seem to hold, how many rows.

Knows the csv module, Parquet footers, a scope's column grants, and bounds; reads bytes that a stranger chose,
so every loop ends early and every failure becomes a sentence in the profile. Must not know prompts. Cell
values leave this module only as sample rows, and only when the scope asks for them; of a column that is not
granted nothing leaves it.
"""

import csv
import io
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from generator_svc.parquet import NotParquet, is_parquet, read_footer
from placet.scope import Columns
from placet.separated import decoded, delimiter_of

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 200_000
MAX_SECONDS = 1.0
MAX_COLUMNS = 60
MAX_NAME_CHARS = 64
MAX_CELL_CHARS = 40
ROWS_FOR_DTYPES = 1000
PSEUDONYM = "p-0123456789abcdef"
"""Stands for every value of a masked column; the program finds others like it (docs/contract.md 1.10)."""
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}[./]\d{1,2}[./]\d{4}")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

Grants = Sequence[Columns] | None
"""A scope's `inputs.columns`; None: every column of every input."""


@dataclass(frozen=True)
class Column:
    """One column: its name (as written, cut to 64 characters) and a guess at what it holds."""

    name: str
    dtype: str
    """integer, number, date, boolean, text or empty."""
    has_missing: bool
    cut: bool = False
    """Whether the name is longer than what `name` holds."""
    masked: bool = False
    """Whether the program finds pseudonyms in it."""


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
    parquet: bool = False
    encoding: str = ""
    """utf-16 or latin-1; empty: UTF-8."""


def profile(name: str, content: bytes, *, sample_rows: int = 0, grants: Grants = None) -> Profile:
    """The profile of one input as its program will find it; never raises, whatever the bytes are."""
    seen = _granted(name, grants)
    if isinstance(seen, str):
        return Profile(name, len(content), problem=seen)
    if not content.strip():
        return Profile(name, len(content), problem="the file is empty")
    if is_parquet(content):
        return _of_parquet(name, content, seen)
    text, encoding = decoded(content[:MAX_BYTES], whole=len(content) <= MAX_BYTES)
    if "\0" in text:
        return Profile(name, len(content), problem="not a text file")
    delimiter = delimiter_of(text)
    try:
        return replace(_table(name, content, text, delimiter, sample_rows, seen), encoding=encoding)
    except csv.Error as err:
        return Profile(name, len(content), delimiter, problem=f"not readable as CSV ({err})")


class _Seen:
    """Which columns of one input a program finds, and which of them masked."""

    def __init__(self, entry: Columns | None) -> None:
        # What is neither is False; without an entry everything is as it is.
        self._masked: Mapping[str, bool] | None = None
        if entry is not None:
            self._masked = {name.strip(): name in entry.mask for name in (*entry.grant, *entry.mask)}

    @property
    def everything(self) -> bool:
        """Whether all columns are found as they are."""
        return self._masked is None

    def of(self, header: Sequence[str]) -> list[int]:
        """The places of the columns that are found, in the file's order."""
        return [i for i, name in enumerate(header) if self._masked is None or name.strip() in self._masked]

    def masked(self, name: str) -> bool:
        """Whether a column that is found holds pseudonyms."""
        return self._masked is not None and self._masked[name.strip()]


def _granted(name: str, grants: Grants) -> _Seen | str:
    """What of an input is found; a sentence when nothing is."""
    if grants is None:
        return _Seen(None)
    for entry in grants:
        if fnmatchcase(name, entry.input):
            return _Seen(entry)
    return "the scope grants nothing of this file; do not use it"


def _of_parquet(name: str, content: bytes, seen: _Seen) -> Profile:
    try:
        table = read_footer(content)
    except NotParquet as err:
        return Profile(name, len(content), problem=f"not readable as Parquet ({err})")
    found = [table.columns[i] for i in seen.of([column for column, _ in table.columns])]
    columns = [_named(column, dtype, False, seen) for column, dtype in found[:MAX_COLUMNS]]
    return Profile(
        name,
        len(content),
        columns=tuple(columns),
        more_columns=len(found) - len(columns) + (table.others if seen.everything else 0),
        rows=table.rows,
        problem="" if columns else "it has none of the columns that may be used",
        parquet=True,
    )


def _table(name: str, content: bytes, text: str, delimiter: str, sample_rows: int, seen: _Seen) -> Profile:
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
    found = seen.of(header)
    places = found[:MAX_COLUMNS]
    problem = _ragged(header, head, seen)
    # A cell that slipped out of its column may be one of a column that is not granted.
    doubtful = bool(problem) or '\\"' in text
    shown = [] if doubtful and not seen.everything else head[:sample_rows]
    return Profile(
        name=name,
        size=len(content),
        delimiter=delimiter,
        columns=tuple(_column(header[i], i, head, seen) for i in places),
        more_columns=len(found) - len(places),
        rows=count,
        rows_exact=ended and len(content) <= MAX_BYTES,
        sample=tuple(_sampled(row, header, places, seen) for row in shown),
        problem=problem if places else "it has none of the columns that may be used",
    )


def _sampled(
    row: Sequence[str], header: Sequence[str], places: Sequence[int], seen: _Seen
) -> tuple[str, ...]:
    cells = ((row[i], seen.masked(header[i])) for i in places if i < len(row))
    return tuple(PSEUDONYM if masked and cell.strip() else cell[:MAX_CELL_CHARS] for cell, masked in cells)


def _until_bounds(rows: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The non-blank rows, then None when that was all; stops without None at a bound."""
    end = time.monotonic() + MAX_SECONDS
    for number, row in enumerate(rows):
        if number >= MAX_ROWS or (number % 1024 == 0 and time.monotonic() > end):
            return
        if row:
            yield row
    yield None


def _column(name: str, index: int, rows: Sequence[Sequence[str]], seen: _Seen) -> Column:
    cells = [row[index].strip() for row in rows if index < len(row)]
    present = [cell for cell in cells if cell.lower() not in _MISSING]
    return _named(name, _dtype(present), len(present) < len(rows), seen)


def _named(name: str, dtype: str, has_missing: bool, seen: _Seen) -> Column:
    masked = seen.masked(name)
    cut = len(name) > MAX_NAME_CHARS
    return Column(name[:MAX_NAME_CHARS], "text" if masked else dtype, has_missing, cut, masked)


def _dtype(cells: Sequence[str]) -> str:
    if not cells:
        return "empty"
    if all(cell.lower() in ("true", "false") for cell in cells):
        return "boolean"
    for dtype, pattern in (("integer", _INTEGER), ("number", _NUMBER), ("date", _DATE)):
        if all(pattern.fullmatch(cell) for cell in cells):
            return dtype
    return "text"


def _ragged(header: Sequence[str], rows: Sequence[Sequence[str]], seen: _Seen) -> str:
    uneven = sum(len(row) != len(header) for row in rows)
    if not uneven:
        return ""
    width = f"{len(header)} fields" if seen.everything else "as many fields as the first line"
    return f"{uneven} of the first {len(rows)} rows do not have {width}"

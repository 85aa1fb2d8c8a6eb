"""Tables in house format: numbers and dates of CSV and XLSX files as the style writes them.

After the check, so that the check sees numbers. Columns, rows, their order, and every text that is neither a
number nor a date stay as they are.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from executor_svc.delivery.inside.files.cells import MISSING
from executor_svc.delivery.inside.files.separated import Separated
from executor_svc.delivery.inside.parcel import Parcel
from executor_svc.delivery.inside.style.house import FILE, House, needs_groups

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,20})?([eE][-+]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?")
_MOST_BYTES = 32 << 20
"""A larger table leaves as it is, and that is told."""

Write = Callable[[str], str]


def apply(parcel: Parcel) -> None:
    """Rewrite each table of the parcel in the house's format."""
    house = House.read(parcel.order.files[FILE])
    for name, path in sorted(parcel.files.items()):
        change = {".csv": _csv, ".tsv": _csv, ".xlsx": _xlsx}.get(Path(name).suffix.lower())
        if change is None:
            continue
        if path.stat().st_size > _MOST_BYTES:
            parcel.tell(f"{name} is not in house format: it is too large")
            continue
        try:
            changed = change(house, path)
        except Exception as error:
            parcel.tell(
                f"{name} is not in house format: it cannot be read as a table ({type(error).__name__})"
            )
            continue
        if changed is not None:
            parcel.put(name, changed)


def _csv(house: House, path: Path) -> bytes | None:
    """Read as the contract reads it: what was checked is what is written. Raises Unreadable."""
    file = Separated.of(path)
    rows, dialect = list(file.rows()), file.dialect
    if not rows:
        return None
    writers = [_writer(house, cells) for cells in zip(*rows, strict=True)]
    made = io.StringIO(newline="")
    out = csv.writer(made, delimiter=_own_delimiter(house, dialect.delimiter), lineterminator="\n")
    out.writerow(file.names)
    out.writerows([write(cell) for write, cell in zip(writers, row, strict=True)] for row in rows)
    return dialect.mark + made.getvalue().encode(dialect.encoding)


def _own_delimiter(house: House, delimiter: str) -> str:
    """A comma cannot be both."""
    return ";" if delimiter == "," and house.said["numbers"]["decimal"] == "," else delimiter


def _writer(house: House, cells: Sequence[str]) -> Write:
    """How a column is written: by what all of its cells are."""
    said = [cell for cell in cells if cell not in MISSING]
    if said and all(map(_DATE.fullmatch, said)):
        return _dates(house.said["dates"])
    if said and all(_DATE.fullmatch(cell) or _TIME.fullmatch(cell) for cell in said):
        midnight = all(cell[10:].strip("T :0.") == "" for cell in said)
        return _dates(house.said["dates" if midnight else "times"])
    if said and all(map(_NUMBER.fullmatch, said)):
        return _numbers(house, said)
    return lambda cell: cell


def _dates(pattern: str) -> Write:
    def write(cell: str) -> str:
        try:
            return datetime.datetime.fromisoformat(cell).strftime(pattern) if cell not in MISSING else cell
        except ValueError:
            return cell

    return write


def _numbers(house: House, said: Sequence[str]) -> Write:
    values = [float(cell) for cell in said]
    whole = not any(mark in cell for cell in said for mark in ".eE")
    if whole and any(abs(value) >= 2**53 for value in values):
        return lambda cell: cell  # identifiers, which no rounding may change
    numbers = house.said["numbers"]
    decimals, grouped = (
        0 if whole else numbers["decimals"],
        numbers["thousands_in_csv"] and needs_groups(values),
    )
    return lambda cell: cell if cell in MISSING else _cell(house, float(cell), decimals, grouped=grouped)


def _cell(house: House, value: float, decimals: int, *, grouped: bool) -> str:
    """A number that would become nothing keeps two digits that count."""
    if (value and abs(value) < 0.5 * 10**-decimals) or abs(value) >= 1e15:
        return f"{value:.1e}".replace(".", house.said["numbers"]["decimal"])
    return house.number(value, decimals, grouped=grouped)


def _xlsx(house: House, path: Path) -> bytes | None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))  # by its name, only some suffixes are taken
    for sheet in book.worksheets:
        for column in sheet.iter_cols(min_row=2):
            _format(house, column)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _format(house: House, cells: Sequence[Any]) -> None:
    """What a workbook shows of numbers and dates; their values stay, and signs are its reader's locale's."""
    numbers = [cell.value for cell in cells if _is_number(cell.value)]
    decimals = house.said["numbers"]["decimals"]
    part = "." + "0" * decimals if decimals and not all(isinstance(value, int) for value in numbers) else ""
    grouped = needs_groups(numbers) and bool(part) and house.said["numbers"]["thousands"] != ""
    for cell in cells:
        if _is_number(cell.value):
            cell.number_format = ("#,##0" if grouped else "0") + part
        elif isinstance(cell.value, datetime.datetime):
            midnight = cell.value.time() == datetime.time()
            cell.number_format = _workbook_pattern(house.said["dates" if midnight else "times"])
        elif isinstance(cell.value, datetime.date):
            cell.number_format = _workbook_pattern(house.said["dates"])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _workbook_pattern(pattern: str) -> str:
    codes = {
        "%Y": "yyyy",
        "%y": "yy",
        "%m": "mm",
        "%d": "dd",
        "%H": "hh",
        "%M": "mm",
        "%S": "ss",
        "%j": "000",
    }
    for code, own in codes.items():
        pattern = pattern.replace(code, own)
    return pattern

"""A cell of a table as text, as a file of separated values would hold it."""

from __future__ import annotations

import datetime
import json
from typing import Any, Final

MISSING: Final = frozenset(
    ("", "#N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "-nan", "NaT")
)
"""Texts that stand for no value."""


def is_number(cell: str) -> bool:
    """Whether a cell is one; what is missing is taken for one."""
    plain = cell.strip()
    try:
        float(plain)
    except ValueError:
        return plain in MISSING
    return "_" not in plain


def of_value(value: Any) -> str:
    """A value of Parquet or of a workbook; nothing for what is missing."""
    if value is None or value != value:  # not a number
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)


def of_json(value: Any) -> str:
    """A single value of JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

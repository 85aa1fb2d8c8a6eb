"""Tables in what was printed: lines that look like rows of one (docs/contract.md §3, Tables)."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from itertools import groupby

from executor_svc.delivery.inside.files.cells import is_number
from executor_svc.delivery.inside.files.nested import entries, tables_in

_STRUCTURE = re.compile(r"^\s*[\[{]", re.MULTILINE)
_OBJECT = re.compile(r"\{\s*[^\s{}:][^{}:]{0,200}:")
_VALUES = re.compile(r"\[\s*[-+.\d'\"]")
_CELLS = re.compile(r"\s{2,}|\t|[|,;]")
_LABELLED = re.compile(r"\W*(.{1,200}?)[\s:=,|–-]+[-+]?\d")


def rows_of(text: str, labels: Container[str]) -> list[int]:
    """How many rows each table has that is printed in `text`: successive lines that look like rows of one.

    A row has two cells or more with a number among them, or is a number behind one of `labels`. JSON is read
    as it is in a file.
    """
    lines = ("row" if _is_row(line, labels) else "" for line in text.splitlines() if line.strip())
    runs = (len(list(run)) for kind, run in groupby(lines) if kind)
    return [length for length in (*runs, *_structured(text)) if length > 1]


def may_hold_a_table(cell: str) -> bool:
    """Whether a cell, which is one line of letters or digits as a rule, could hold one: asked of each."""
    return "[" in cell or "{" in cell or len(cell.splitlines()) > 1


def _structured(text: str) -> Iterator[int]:
    """Rows of each table in JSON from the first line on that may begin it, and in the strings of that.

    What is no JSON, since more follows or Python wrote it, has as many rows as objects and lists of values.
    """
    if (begin := _STRUCTURE.search(text)) is None:
        return
    rest = text[begin.start() :]
    try:
        value = json.loads(rest)
    except (ValueError, RecursionError):
        yield max(len(_OBJECT.findall(rest)), len(_VALUES.findall(rest)))
    else:
        yield from (sum(1 for _ in table.rows()) for table in tables_in(value, ()))
        yield from (rows for _, said in entries(value) for rows in _structured(said))


def _is_row(line: str, labels: Container[str]) -> bool:
    cells = [cell for cell in _CELLS.split(line.strip()) if cell.strip()]
    if len(cells) > 1 and any(is_number(cell) for cell in cells):
        return True
    labelled = _LABELLED.match(line)
    return labelled is not None and labelled[1].strip() in labels

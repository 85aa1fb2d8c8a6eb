"""One table: names of columns and rows of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """Names as they stand there; `rows` begins anew with each call. Cells of what is missing are empty."""

    where: str
    """Within its file: empty for all of it, a sheet's number, a JSON path."""
    names: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]


def from_rows(where: str, rows: Sequence[Row], names: Row | None = None) -> Table:
    """Of rows in memory, of which the first holds the names if they are not given."""
    header = rows[0] if names is None else names
    return Table(where, tuple(header), lambda: iter(rows[1:] if names is None else rows))

"""The tables in a file, wherever they stand (docs/contract.md §3, Tables). Judges nothing."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from executor_svc.delivery.inside.files import cells, columnar, nested, plain, workbooks
from executor_svc.delivery.inside.files.separated import Separated
from executor_svc.delivery.inside.files.table import Row, Table, from_rows


def tables_of(kind: str, path: Path, known: Container[str] = ()) -> list[Table]:
    """Of a file of this kind; `known` are the keys of JSON that a path may tell. Raises Unreadable."""
    match kind:
        case "csv":
            file = Separated.of(path)
            return [Table("", file.names, file.rows)]
        case "parquet":
            return [_columnar(path)]
        case "xlsx":
            found = enumerate(workbooks.sheets(path), 1)
            return [from_rows(f"sheet {at}", _as_wide(rows)) for at, rows in found if rows]
        case "json":
            return list(nested.tables_in(plain.json_of(path), known))
    return []


def input_kind(path: Path) -> str:
    """By the content, since inputs may be called anything: `parquet`, `xlsx`, `json` or else `csv`."""
    if columnar.is_parquet(path):
        return "parquet"
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"PK\3\4"):
        return "xlsx"
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else "csv"


def _columnar(path: Path) -> Table:
    file = columnar.opened(path)
    names = file.schema_arrow.names

    def rows() -> Iterator[Row]:
        for batch in columnar.batches(columnar.opened(path), names):
            columns = [map(cells.of_value, column.to_pylist()) for column in batch.columns]
            yield from zip(*columns, strict=True)

    return Table("", tuple(names), rows)


def _as_wide(rows: Sequence[Row]) -> Sequence[Row]:
    """Each row with as many cells as the widest."""
    width = max(map(len, rows))
    return [[*row, *[""] * (width - len(row))] for row in rows]

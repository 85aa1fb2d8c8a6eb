"""Parquet files as far as columns go. Loads pyarrow when there is one; never more than one thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from executor_svc.delivery.inside.files import cells
from executor_svc.delivery.inside.files.separated import Unreadable

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC: Final = b"PAR1"
_ROWS: Final = 16_384
_END_BYTES: Final = 8
"""Behind what is said of the columns: how long that is, and the mark."""


def is_parquet(path: Path) -> bool:
    """Whether it begins and ends as one."""
    with path.open("rb") as file:
        begins = file.read(4) == MAGIC
        file.seek(max(path.stat().st_size - 4, 0))
        return begins and file.read(4) == MAGIC and path.stat().st_size >= 12


def opened(path: Path) -> pq.ParquetFile:
    """Raises Unreadable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError):
        raise Unreadable("it is no Parquet file that can be read") from None


def is_gapless(file: pq.ParquetFile, path: Path) -> bool:
    """Whether each byte belongs to a column or to what is said of them at the end: nobody reads others."""
    said, at = file.metadata, len(MAGIC)
    groups = map(said.row_group, range(said.num_row_groups))
    columns = [group.column(column) for group in groups for column in range(said.num_columns)]
    for begin, size in sorted((_begin(column), column.total_compressed_size) for column in columns):
        if begin != at:
            return False
        at += size
    return path.stat().st_size == at + int(said.serialized_size) + _END_BYTES


def _begin(column: pq.ColumnChunkMetaData) -> int:
    return int(min(at for at in (column.dictionary_page_offset, column.data_page_offset) if at))


def batches(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.RecordBatch]:
    """Stretches of rows with these columns of the top level. Raises Unreadable."""
    import pyarrow as pa

    try:
        for batch in file.iter_batches(_ROWS, columns=names, use_threads=False):
            yield batch.select(names)
    except (pa.ArrowException, OSError, ValueError):
        raise Unreadable("its rows cannot be read") from None


def beside_cells(file: pq.ParquetFile) -> Iterator[str]:
    """What a file says elsewhere than in a cell: metadata, of fields too, and categories that no row has.

    Raises Unreadable.
    """
    import pyarrow as pa

    schema = file.schema_arrow
    for metadata in (schema.metadata, *(field.metadata for field in _fields(schema))):
        for pair in (metadata or {}).items():
            yield from (part.decode("utf-8", "replace") for part in pair)
    categories = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    known: dict[str, Any] = {}
    for batch in batches(file, categories) if categories else ():
        for name in categories:
            found = batch.column(name).dictionary
            if name not in known or not found.equals(known[name]):
                known[name] = found
                yield from map(cells.of_value, found.to_pylist())


def _fields(parent: Any) -> Iterator[pa.Field]:
    """Those of a schema or of a type, at any depth."""
    import pyarrow as pa

    for field in parent:
        yield field
        if pa.types.is_nested(field.type):
            yield from _fields(map(field.type.field, range(field.type.num_fields)))


def rewritten(file: pq.ParquetFile, kept: Mapping[str, Any], target: Path) -> None:
    """Only the columns in `kept`, which says how to write each's text; None: as it is. Raises Unreadable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = file.schema_arrow
    names = [name for name in schema.names if name in kept]
    fields = [
        pa.field(name, schema.field(name).type if kept[name] is None else pa.string()) for name in names
    ]
    plain = pa.schema(fields)
    for name in names:
        if kept[name] is not None and pa.types.is_nested(schema.field(name).type):
            raise Unreadable("a column that is to be masked holds lists or structures")
    with pq.ParquetWriter(target, plain) as writer:
        for batch in batches(file, names):
            columns = [_column(batch.column(name), kept[name]) for name in names]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=plain))


def _column(column: pa.Array, write: Any) -> pa.Array:
    import pyarrow as pa

    if write is None:
        return column
    said = (cells.of_value(value) for value in column.to_pylist())
    return pa.array([write(one) if one else None for one in said], pa.string())

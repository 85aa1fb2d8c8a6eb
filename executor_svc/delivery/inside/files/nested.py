"""What stands in a value of JSON: tables, objects and single values (docs/contract.md §3, Tables)."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from executor_svc.delivery.inside.files import cells
from executor_svc.delivery.inside.files.table import Table, from_rows


def entries(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every single value in a value of JSON, once with each key above it, or with an empty one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from entries(inner, (*above, key))
    elif isinstance(value, list):
        for inner in value:
            yield from entries(inner, above)
    elif value is not None:
        yield from ((key, cells.of_json(value)) for key in above or ("",))


def objects(value: Any, known: Container[str], where: str = "$") -> Iterator[tuple[str, list[str]]]:
    """The place and the keys of every object in a value of JSON."""
    if isinstance(value, dict):
        yield where, list(value)
        for key, inner in value.items():
            yield from objects(inner, known, f"{where}.{key if key in known else '*'}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from objects(inner, known, f"{where}[{at}]")


def tables_in(value: Any, known: Container[str], where: str = "$") -> Iterator[Table]:
    """What is a table in a value of JSON, at any depth."""
    table = _json_table(value, where)
    if table is not None:
        yield table
    for place, inner in (_parts if table is None else _beneath)(value, known, where):
        yield from tables_in(inner, known, place)


def _parts(value: Any, known: Container[str], where: str) -> Iterator[tuple[str, Any]]:
    """The place and value of each entry of an array or object."""
    if isinstance(value, list):
        yield from ((f"{where}[{at}]", inner) for at, inner in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{where}.{key if key in known else '*'}", inner) for key, inner in value.items())


def _beneath(value: Any, known: Container[str], where: str) -> Iterator[tuple[str, Any]]:
    """What stands in the cells of a table: rows and columns of it are none by themselves."""
    if isinstance(value, list) and not all(isinstance(row, type(value[0])) for row in value):
        yield from _parts(value, known, where)
        return
    split = isinstance(value, dict) and {"columns", "data"} <= value.keys()
    for key, (place, inner) in zip(value, _parts(value, known, where), strict=True):
        if split and key == "data":
            for row_place, row in _parts(inner, known, place):
                yield from _parts(row, known, row_place)
        elif split and key not in ("columns", "index"):
            yield place, inner
        else:
            yield from _parts(inner, known, place)


def _json_table(value: Any, where: str) -> Table | None:
    match value:
        case [{}, *_] if all(isinstance(row, dict) for row in value):
            return _records(value, where)
        case [_, *_] if all(isinstance(row, list) for row in value):
            return from_rows(where, [[cells.of_json(cell) for cell in row] for row in value], ())
        case [_, _, *_]:
            return from_rows(where, [[cells.of_json(cell)] for cell in value], ("",))
        case {"columns": [*names], "data": [*rows]} if all(isinstance(row, list) for row in rows):
            return from_rows(
                where,
                [[cells.of_json(cell) for cell in row] for row in rows],
                list(map(cells.of_json, names)),
            )
        case {} if len(value) > 0 and _are_columns(list(value.values())):
            return _columns({name: dict(enumerate(column)) for name, column in value.items()}, where)
        case {} if _counts_rows(value) and not any(isinstance(cell, list | dict) for cell in value.values()):
            return from_rows(where, [[cells.of_json(cell)] for cell in value.values()], ("",))
        case {} if len(value) == 1 and isinstance(only := next(iter(value.values())), dict):
            return _columns(value, where) if _counts_rows(only) else None
        case {} if len(value) > 1 and all(isinstance(inner, dict) for inner in value.values()):
            inner = list(value.values())
            if all(one.keys() == inner[0].keys() for one in inner):
                return _columns(value, where) if _by_number(inner[0]) else _records(inner, where, list(value))
    return None


def _are_columns(values: Sequence[Any]) -> bool:
    """Whether these are lists of equal length that hold nothing but single values."""
    return all(
        isinstance(column, list)
        and len(column) == len(values[0])
        and not any(isinstance(cell, list | dict) for cell in column)
        for column in values
    )


def _counts_rows(column: Mapping[str, Any]) -> bool:
    """Whether the keys are 0, 1 and so on, as pandas writes a single column."""
    return len(column) > 1 and all(key == str(at) for at, key in enumerate(column))


def _by_number(column: Mapping[str, Any]) -> bool:
    """Whether these keys count rows, as pandas writes them."""
    return bool(column) and all(key.isdecimal() for key in column)


def _records(rows: Sequence[Mapping[str, Any]], where: str, index: Sequence[str] | None = None) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    made = [[cells.of_json(row.get(name)) for name in names] for row in rows]
    if index is None:
        return from_rows(where, made, names)
    return from_rows(where, [[key, *row] for key, row in zip(index, made, strict=True)], ["", *names])


def _columns(columns: Mapping[str, Mapping[Any, Any]], where: str) -> Table:
    index = list(dict.fromkeys(key for column in columns.values() for key in column))
    rows = [[cells.of_json(column.get(key)) for column in columns.values()] for key in index]
    return from_rows(where, rows, list(columns))

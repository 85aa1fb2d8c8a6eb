"""Whether the inputs can stand behind the sizes of groups that a table claims (docs/contract.md §4).

Knows tables and counts. What a table says is hostile.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from executor_svc.delivery.inside.files.cells import is_number
from executor_svc.delivery.inside.files.table import Row, Table

Key = tuple[str | None, ...]
Cells = tuple[str, ...]
_MOST_LABELS: Final = 100_000
_STRETCH: Final = 10_000


def size_of(cell: str) -> int:
    """The number of rows that a cell claims; -1 if it is no whole number."""
    plain = cell.strip().removesuffix(".0")
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 16 else -1


class Backing:
    """All inputs of a run. Inputs with the same columns count as one."""

    def __init__(self, inputs: Sequence[Table]) -> None:
        same: dict[frozenset[str], list[Table]] = defaultdict(list)
        for table in inputs:
            same[frozenset(map(str.strip, table.names))].append(table)
        self._inputs = [_Input(tables) for tables in same.values()]

    def holds(self, table: Table, count: str) -> bool:
        """Whether some input has, for each key, as many rows as the table's rows with it claim together."""
        at = [name.strip() for name in table.names].index(count)
        return any(one.holds(table, at) for one in self._inputs)

    def labels(self) -> set[str]:
        """Values of the inputs' text columns."""
        return set().union(*(cells for one in self._inputs for cells in one.values.values()))

    def is_grouped(self, keys: Sequence[str]) -> bool:
        """Whether keys of an object are all values of one text column of an input."""
        return bool(keys) and any(
            all(key.strip() in values for key in keys)
            for one in self._inputs
            for values in one.values.values()
        )


class _Input:
    """One or several inputs with the same columns, in whatever order each has them."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables
        self._names = frozenset(name.strip() for name in tables[0].names)

    @cached_property
    def values(self) -> Mapping[str, set[str]]:
        """Of each column of which that is not too much, what it holds beside numbers."""
        found: dict[str, set[str]] = {name: set() for name in self._names}
        for table in self._tables:
            names = [name.strip() for name in table.names]
            for rows in _stretches(table.rows()):
                for name, cells in zip(names, zip(*rows, strict=True), strict=True):
                    if name in found:
                        found[name].update(cells)
                        if len(found[name]) > _MOST_LABELS:
                            del found[name]
        return {
            name: {cell.strip() for cell in cells if not is_number(cell)} for name, cells in found.items()
        }

    def holds(self, table: Table, count_at: int) -> bool:
        """Whether it has, for each key, as many rows as those of the table with it claim together."""
        shared = [(at, name.strip()) for at, name in enumerate(table.names) if name.strip() in self._names]
        rows = self._count([name for _, name in shared])
        keys = _Keys.of([at for at, _ in shared], rows)
        claimed: Counter[Key] = Counter()
        for row in table.rows():
            claimed[keys.of_row(row)] += size_of(row[count_at])
        available = _Available(rows)
        return all(claim <= available.of(key) for key, claim in claimed.items())

    def _count(self, names: Sequence[str]) -> Counter[Cells]:
        """How many rows have which cells in these columns."""
        counted: Counter[Cells] = Counter()
        for table in self._tables:
            columns = [name.strip() for name in table.names]
            at = [columns.index(name) for name in names]
            counted.update(tuple([row[position].strip() for position in at]) for row in table.rows())
        return counted


def _stretches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while stretch := list(islice(rows, _STRETCH)):
        yield stretch


@dataclass(frozen=True)
class _Keys:
    """What makes a table's row stand for certain rows of an input: cells in columns that it has as text."""

    columns: tuple[tuple[int, frozenset[str]], ...]
    """Position in the table's row, and the input's values; none at all where the input has numbers."""

    @classmethod
    def of(cls, positions: Sequence[int], rows: Counter[Cells]) -> _Keys:
        found = [frozenset(cells) for cells in zip(*rows, strict=True)] or [frozenset()] * len(positions)
        texts = (values if not all(map(is_number, values)) else frozenset() for values in found)
        return cls(tuple(zip(positions, texts, strict=True)))

    def of_row(self, row: Row) -> Key:
        """None where the input's column has no such value."""
        return tuple([cell if (cell := row[at].strip()) in values else None for at, values in self.columns])


class _Available:
    """How many rows have a key; counted once for each set of columns that keys use."""

    def __init__(self, rows: Counter[Cells]) -> None:
        self._rows = rows
        self._by_use: dict[tuple[bool, ...], Counter[Key]] = {}

    def of(self, key: Key) -> int:
        use = tuple(cell is not None for cell in key)
        if use not in self._by_use:
            counted = self._by_use[use] = Counter()
            for row, count in self._rows.items():
                counted[tuple(cell if used else None for cell, used in zip(row, use, strict=True))] += count
        return self._by_use[use][key]

"""Before the program: of each input only the columns that the scope grants, some under pseudonyms.

docs/contract.md §1. Inputs are hostile bytes. What cannot be cut is a violation, and then no program starts.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from executor_svc.delivery.inside.files import columnar
from executor_svc.delivery.inside.files.separated import Separated, Unreadable
from executor_svc.delivery.inside.order import Order
from executor_svc.delivery.inside.parcel import Parcel
from executor_svc.delivery.inside.pseudonyms import Pseudonyms

_Write = Callable[[str], str] | None
"""How a cell is written; None: as it is."""


def main(directory: Path) -> None:
    """Carry out the order that lies in `directory`, and leave the inputs' new bytes there."""
    order = Order.read(directory)
    parcel = Parcel.of(order)
    pseudonyms = Pseudonyms(order.salt)
    for name, path in order.inputs.items():
        try:
            _cut(path, parcel.room(name), _entry(order.columns or (), name), pseudonyms)
        except _Refused as refused:
            parcel.violate(f"inputs/{name}", refused.rule, str(refused))
        except Unreadable as unreadable:
            parcel.violate(f"inputs/{name}", "inputs.unreadable", f"cannot be cut: {unreadable}")
    parcel.write()


class _Refused(Exception):  # noqa: N818 - what happened to the input
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def _entry(columns: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    for entry in columns:
        if fnmatchcase(name, entry["input"]):
            return entry
    raise _Refused("inputs.no_entry", "no entry of inputs.columns fits its name")


def _cut(path: Path, target: Path, entry: Mapping[str, Any], pseudonyms: Pseudonyms) -> None:
    wanted: dict[str, _Write] = dict.fromkeys(entry["grant"]) | dict.fromkeys(entry["mask"], pseudonyms.of)
    if columnar.is_parquet(path):
        file = columnar.opened(path)
        names = file.schema_arrow.names
        columnar.rewritten(file, {names[at]: write for at, write in _kept(names, wanted).items()}, target)
    else:
        _cut_separated(Separated.of(path), target, wanted)


def _kept(names: Sequence[str], wanted: Mapping[str, _Write]) -> dict[int, _Write]:
    """Position of each column that stays → how its cells are written."""
    plain = [name.strip() for name in names]
    if any(count > 1 and name in wanted for name, count in Counter(plain).items()):
        raise _Refused("inputs.column_twice", "a column that is granted or masked stands there twice")
    kept = {at: wanted[name] for at, name in enumerate(plain) if name in wanted}
    if not kept:
        raise _Refused("inputs.no_column", "has none of the columns that the scope grants")
    return kept


def _cut_separated(file: Separated, target: Path, wanted: Mapping[str, _Write]) -> None:
    kept = _kept(file.names, wanted)
    with target.open("wb") as raw:
        raw.write(file.dialect.mark)
    with target.open("a", encoding=file.dialect.encoding, newline="") as text:
        options: Any = file.dialect.options()
        writer = csv.writer(text, lineterminator=file.dialect.line_end, **options)
        writer.writerow([file.names[at] for at in kept])
        writer.writerows(_cells(file.rows(), kept))


def _cells(rows: Iterator[list[str]], kept: Mapping[int, _Write]) -> Iterator[list[str]]:
    masked = [(at, write) for at, write in kept.items() if write is not None]
    for row in rows:
        for at, write in masked:
            row[at] = write(row[at])
        yield [row[at] for at in kept]

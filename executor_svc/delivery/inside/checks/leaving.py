"""One thing that would leave, and whether it keeps the contract: docs/contract.md §3 to §6.

What leaves is hostile. What is told of it is a place and a rule, never a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import Any

from executor_svc.delivery.inside.checks.denied import Denied
from executor_svc.delivery.inside.checks.groups import Backing, size_of
from executor_svc.delivery.inside.checks.secrets import secrets_in
from executor_svc.delivery.inside.checks.views import views
from executor_svc.delivery.inside.files import nested, printed
from executor_svc.delivery.inside.files.table import Table
from executor_svc.delivery.inside.files.texts import Said

Violate = Callable[[str, str, str], None]
"""Path, rule, message."""


@dataclass(frozen=True)
class Leaving:
    """One thing that would leave: an artifact, or what was printed."""

    label: str
    kind: str
    said: Said
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Behind:
    """What leaves is compared with it."""

    inputs: list[Table]
    denied: Denied | None
    keys: frozenset[str]
    """Of JSON, which a path may tell."""

    @cached_property
    def backing(self) -> Backing:
        """Read only if a table's groups are looked at."""
        return Backing(self.inputs)

    @cached_property
    def labels(self) -> set[str]:
        """Likewise."""
        return self.backing.labels()


class Checks:
    """Of one contract."""

    def __init__(self, contract: Mapping[str, Any], behind: Behind, violate: Violate) -> None:
        self._contract = contract
        self._behind = behind
        self._denied = behind.denied
        self._violate = violate

    def check_tables(self, one: Leaving) -> None:
        """No table with too many rows (§3) or with groups that are too small (§4)."""
        for table in one.tables:
            label = within(one.label, table.where)
            self._check_rows(label, sum(1 for _ in table.rows()))
            if self._contract["min_group"] is not None:
                self._check_groups(label, table, **self._contract["min_group"])
        if one.kind == "json" and self._contract["min_group"] is not None:
            self._check_ungrouped(one)
        if one.kind in ("text", "txt"):
            self._check_printed(one.label, one.said.text)
        if self._contract["max_rows"] is not None or self._contract["min_group"] is not None:
            self._check_cells(one)

    def _check_rows(self, label: str, rows: int) -> bool:
        """Whether there are too many."""
        most = self._contract["max_rows"]
        broken = most is not None and rows > most
        if broken:
            self._violate(label, "caps.rows", f"has {rows} rows; at most {most} leave")
        return broken

    def _check_groups(self, label: str, table: Table, size: int, count: str) -> None:
        names = [name.strip() for name in table.names]
        if names.count(count) != 1:
            what = (
                f"a table must have the column {count} once: how many rows of the inputs are behind each row"
            )
            self._violate(label, "min_group.column", what)
            return
        at = names.index(count)
        small = [row for row, cells in enumerate(table.rows(), 1) if size_of(cells[at]) < size]
        for row in small[:5]:
            what = f"{count} is no whole number of at least {size}"
            self._violate(within(label, f"row {row}"), "min_group.size", what)
        if not small and not self._behind.backing.holds(table, count):
            what = f"{count} claims more rows than the inputs have for these keys together; count each once"
            self._violate(label, "min_group.backing", what)

    def _check_ungrouped(self, one: Leaving) -> None:
        for where, keys in nested.objects(one.said.value, self._behind.keys):
            if self._behind.backing.is_grouped(keys):
                what = "an object by group has no column for the groups' sizes; write a list of rows"
                self._violate(within(one.label, where), "min_group.column", what)

    def _check_cells(self, one: Leaving) -> None:
        """A cell is read as what is printed is: a table may stand in one. The first few are told."""
        left = 5
        for where, cell in _cells(one):
            if left and printed.may_hold_a_table(cell):
                left -= self._check_printed(within(one.label, where), cell)

    def _check_printed(self, label: str, text: str) -> bool:
        """Whether anything is wrong with what is printed there, or in one cell."""
        grouped = self._contract["min_group"] is not None
        found = printed.rows_of(text, self._behind.labels if grouped else ())
        broken = [self._check_rows(label, rows) for rows in found]
        if found and grouped:
            what = "holds a table, whose groups' sizes cannot be told there; write it as a CSV file"
            self._violate(label, "min_group.printed", what)
        return any(broken) or bool(found and grouped)

    def check_denied(self, one: Leaving) -> None:
        """No name and no value of a denied column (§5)."""
        if (denied := self._denied) is None:
            return
        names = [name for table in one.tables for name in table.names] + list(one.said.keys)
        if any(map(denied.is_named, names)) or denied.names_in(one.said.text):
            what = "names a column that must not leave"
            self._violate(one.label, "deny.name", what)
        told = {
            within(within(one.label, table.where), f"column {at}")
            for table in one.tables
            for at, cells in enumerate(zip(*table.rows(), strict=False), 1)
            if denied.is_bulk(cells) or any(map(denied.is_cell, cells))
        }
        if any(map(denied.is_cell, one.said.cells)) or any(map(denied.is_in, views(one.said.text))):
            told.add(one.label)
        for label in sorted(told):
            self._violate(label, "deny.value", "holds a value of a column that must not leave")

    def check_secrets(self, one: Leaving) -> None:
        """No key and no token (§6)."""
        plain = dict.fromkeys(secrets_in(one.said.text))
        read = {kind for view in islice(views(one.said.text), 1, None) for kind, _ in secrets_in(view.text)}
        packed = sorted((kind, 0) for kind in read - {kind for kind, _ in plain})
        for kind, line in islice((*plain, *packed), 10):
            label = within(one.label, f"line {line}") if line and one.said.has_lines else one.label
            self._violate(label, f"secrets.{kind}", "holds a key or token")


def _cells(one: Leaving) -> Iterator[tuple[str, str]]:
    """Each name, cell and string in it that could hold a table of its own, and where."""
    yield from (("", text) for text in (*one.said.keys, *one.said.cells))
    for table in one.tables if one.kind != "json" else ():
        for at, row in enumerate(chain([table.names], table.rows())):
            where = f"{table.where}, row {at}".removeprefix(", ") if at else table.where
            yield from ((where, cell) for cell in row)


def within(label: str, where: str) -> str:
    """`artifacts/x.csv:row 3`, `result.json:$.rows`."""
    if not where:
        return label
    return f"{label}, {where}" if ":" in label else f"{label}:{where}"

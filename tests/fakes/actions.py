"""A small library of actions for tests, one of each kind of parameter, and tables to use them on."""

from __future__ import annotations

from placet.actions import Catalogue, SmallestGroup, State, TableType, make_catalogue

LIBRARY = {
    "tables.py": b'''"""Tables."""

import pandas as pd

LIMIT = 3


def _has(table, column):
    """The column."""
    if column not in table.columns:
        raise ActionFailed(f"there is no column {column!r}")
    return table[column]


def _unused(table):
    return LIMIT


@action(gives="file")
def read(file: Input) -> Table:
    """The rows of a file."""
    return pd.read_csv(file)


@action(gives="same")
def filter_rows(table: Table, where: Conditions) -> Table:
    """The rows that fit."""
    return table


@action(gives=["by", "name:number", "@group_count"])
def aggregate(
    table: Table,
    by: Columns[1, 4],
    column: Column["number"],
    how: Literal["mean", "sum"],
    name: Name,
) -> Table:
    """One row per group.

    Requires: `by` names 1 to 4 columns,
    and there are rows.

    Ensures: groups in order.
    """
    _has(table, column)
    return table.groupby(by)[column].agg(how).rename(name).reset_index()


@action(gives=["same", "right-on"])
def join(left: Table, on: Columns["left", "right", 1, 2], right: Table) -> Table:
    """Two tables side by side."""
    return left.merge(right, on=on)


@action(gives=["same", "-column", "name:column"])
def rename(table: Table, column: Column, name: Name) -> Table:
    """One column under another name."""
    return table.rename(columns={column: name})


@action(gives=["same", "column:to"])
def convert(table: Table, column: Column, to: Literal["number", "text"]) -> Table:
    """A column of another type."""
    return table


@action(gives="unknown")
def pivot(table: Table, rows: Column, columns: Column) -> Table:
    """Wide."""
    return table


@action(gives=["same", "rank:number", "name:any"])
def ranked(table: Table, column: Column["number", "date"], name: Name = "place") -> Table:
    """With its rank."""
    return table


@action
def value(table: Table, column: Column["number"], share: Number[0, 1, "share"] = 0.5) -> Value:
    """One number."""
    return _has(table, column).quantile(share)
''',
    "figures.py": b'''import matplotlib.pyplot as plt


@action
def bar(
    table: Table,
    x: Column,
    y: Column["number"],
    title: Text = "",
    bins: Integer[1, 100, "bars"] = 10,
    stacked: Boolean = False,
    marks: Values = None,
    group: Column["text"] | None = None,
) -> Figure:
    """Bars."""
    figure, axes = plt.subplots()
    return figure


@action
def export(figure: Figure, file: Name) -> Exported:
    """A file with a figure."""
    return file
''',
}

READ = {"action": "read", "file": "sales.csv"}
MEAN = {
    "action": "aggregate",
    "table": 1,
    "by": ["region"],
    "column": "price",
    "how": "mean",
    "name": "mean price",
}

SALES = TableType.of(
    {"region": "text", "price": "number", "sold": "date", "paid": "boolean", 'od"d\n': "number"}
)
INPUTS = {"sales.csv": SALES, "costs.csv": TableType.of({"region": "text", "cost": "number"})}


def catalogue(
    own: bytes = b"", *, only: tuple[str, ...] = (), group: SmallestGroup | None = None
) -> Catalogue:
    """The small library, with an own file where one is given."""
    return make_catalogue(library=LIBRARY, own={"own.py": own} if own else {}, only=only, group=group)


def start() -> State:
    """Nothing done yet."""
    return State(INPUTS)

"""What the reporting team computes again and again, as actions: beside its scope, digested with it.

Read as text, compiled into programs, never imported. docs/actions-format.md says what such a file may hold;
`placet actions check` reads it, `placet scope test` puts it to the guard.
"""

import numpy as np

from placet.actions.forms import ActionFailed, Column, Integer, Name, Table, action


def _as_numbers(table, column):
    """The column as numbers; a helper of this file, which only its actions use."""
    values = table[column]
    if values.dtype.kind not in "iuf":
        raise ActionFailed(f"column {column!r} does not hold numbers")
    return values.astype("float64")


@action(gives=["same", "name:number"])
def deflate(
    table: Table,
    amount: Column["number"],
    prices: Column["number"],
    period: Column["number"],
    base: Integer[1700, 2100, "as the period is counted"],
    name: Name,
) -> Table:
    """A new column: an amount in the prices of a base period, by a price index such as the CPI.

    Requires: the index is above 0 wherever it is known, and known in the base period.
    Ensures: amount * (mean index of the base period) / (index of the row); missing where one is missing.
    """
    index = _as_numbers(table, prices)
    if not (index.dropna() > 0).all():
        raise ActionFailed(f"column {prices!r} is no price index: it is not above 0")
    level = index[_as_numbers(table, period) == base].mean()
    if np.isnan(level):
        raise ActionFailed(f"column {prices!r} has no value in the base period")
    return table.assign(**{name: _as_numbers(table, amount) * level / index})


@action(gives=["same", "name:boolean"])
def recession(table: Table, column: Column["number"], name: Name, rows: Integer[1, 12, "rows"] = 2) -> Table:
    """A new column: whether a column, such as GDP by quarter, has fallen for so many rows in turn.

    Requires: rows in order of time; no value is missing.
    Ensures: true in the last row of each such fall and while it goes on.
    """
    values = _as_numbers(table, column)
    if values.isna().any():
        raise ActionFailed(f"column {column!r} has missing values; fill or drop them first")
    falls = values.diff() < 0
    return table.assign(**{name: falls.astype("int64").rolling(rows).sum() == rows})

"""New columns that sort rows into categories."""

import numpy as np
import pandas as pd


@action(gives=["same", "name:text"])
def into_bins(
    table: Table,
    column: Column["number"],
    count: Integer[2, 50, "bins"],
    how: Literal["equal width", "equal count"],
    name: Name,
) -> Table:
    """A new column: the interval a value lies in, of some of equal width or with equally many values.

    Requires: two different values.
    Ensures: intervals are written as `01: 1.5 to 4`, numbered so that they sort; each holds its upper
    bound, the first both.
    """
    values = _numbers(table, column).astype("float64")
    if not values.max() > values.min():
        raise ActionFailed(f"column {column!r} has no two different values")
    if how == "equal width":
        bounds = np.linspace(values.min(), values.max(), count + 1)
    else:
        bounds = np.unique(values.quantile(np.linspace(0, 1, count + 1)))
    return _with(table, name, _intervals(values, bounds))


@action(gives=["same", "name:text"])
def into_bins_at(table: Table, column: Column["number"], bounds: Values, name: Name) -> Table:
    """A new column: the interval a value lies in, of those between these bounds.

    Requires: at least two bounds, numbers that rise.
    Ensures: intervals are written as `01: 0 to 18`; each holds its upper bound, the first both; a value
    outside is missing.
    """
    if (
        len(bounds) < 2
        or any(isinstance(bound, str | bool) for bound in bounds)
        or sorted(set(bounds)) != list(bounds)
    ):
        raise ActionFailed("the bounds must be at least two numbers that rise")
    return _with(
        table, name, _intervals(_numbers(table, column).astype("float64"), np.array(bounds, dtype="float64"))
    )


def _intervals(values, bounds):
    names = [
        f"{number:02}: {low:.6g} to {high:.6g}"
        for number, (low, high) in enumerate(zip(bounds[:-1], bounds[1:]), 1)
    ]
    places = pd.cut(values, bounds, labels=False, include_lowest=True)
    return places.map(dict(enumerate(names))).astype("object").where(places.notna())


@action(gives=["same", "name:text"])
def label(table: Table, where: Conditions, yes: Text, no: Text, name: Name) -> Table:
    """A new column: one text where every condition holds, another elsewhere."""
    return _with(
        table, name, pd.Series(np.where(_matching(table, where), yes, no), index=table.index).astype("str")
    )


@action(gives=["same", "name:boolean"])
def flag(table: Table, where: Conditions, name: Name) -> Table:
    """A new column: true where every condition holds, false elsewhere."""
    return _with(table, name, _matching(table, where))


@action(gives=["same", "name:number"])
def encode(table: Table, column: Column, name: Name) -> Table:
    """A new column: 0, 1, 2 … for the different values of a column, as models need categories.

    Ensures: numbered in order of the values; missing where the column is missing.
    """
    codes = pd.Series(pd.factorize(_has(table, column), sort=True)[0], index=table.index)
    return _with(table, name, codes.where(codes >= 0))

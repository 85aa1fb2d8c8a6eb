"""Which rows a table has, and in which order."""

import numpy as np
import pandas as pd


@action(gives=["same"])
def filter_rows(table: Table, where: Conditions) -> Table:
    """The rows that fit every condition.

    Ensures: rows in their order; a missing value fits the condition `missing` only. No row at all is a
    table too.
    """
    return table[_matching(table, where)].reset_index(drop=True)


@action(gives=["same"])
def sort(table: Table, by: Columns, descending: Boolean = False) -> Table:
    """The rows in order of these columns, the first counting most.

    Ensures: rows that are equal keep their order; missing values come last.
    """
    for column in by:
        _has(table, column)
    return table.sort_values(list(by), ascending=not descending, kind="stable", ignore_index=True)


@action(gives=["same"])
def top(
    table: Table,
    column: Column,
    count: Integer[1, 1000, "rows"],
    order: Literal["largest", "smallest"] = "largest",
) -> Table:
    """The rows with the largest (or smallest) values of a column.

    Ensures: in order of the column; of equal rows the first ones; rows without a value never.
    """
    _has(table, column)
    rows = table.dropna(subset=[column])
    return rows.sort_values(column, ascending=order == "smallest", kind="stable", ignore_index=True).head(
        count
    )


@action(gives=["same"])
def top_of_each(
    table: Table,
    by: Columns,
    column: Column,
    count: Integer[1, 1000, "rows"],
    order: Literal["largest", "smallest"] = "largest",
) -> Table:
    """The rows with the largest (or smallest) values of a column in each group.

    Ensures: groups in order of `by`, rows in order of the column; of equal rows the first ones.
    """
    for name in (*by, column):
        _has(table, name)
    rows = table.dropna(subset=[column]).sort_values(column, ascending=order == "smallest", kind="stable")
    rows = rows.groupby(list(by), dropna=False, sort=False).head(count)
    return rows.sort_values(list(by), kind="stable", ignore_index=True)


@action(gives=["same"])
def first(table: Table, count: Integer[1, 1000, "rows"]) -> Table:
    """The first rows, as they stand."""
    return table.head(count)


@action(gives=["same"])
def sample(table: Table, count: Integer[1, 100000, "rows"], seed: Integer[0, 1000000, "seed"] = 0) -> Table:
    """Rows drawn at random, the same ones whenever the seed is the same.

    Ensures: each row at most once, in their order; all rows when there are fewer.
    """
    chosen = np.random.default_rng(seed).permutation(len(table))[:count]
    return table.iloc[np.sort(chosen)].reset_index(drop=True)


@action(gives=["columns", "@group_count"])
def distinct(table: Table, columns: Columns) -> Table:
    """Each combination of values in these columns once.

    Ensures: in order of the columns; a missing value counts as a value.
    """
    _kept_apart(*columns)
    sizes = _sizes(table, columns) if len(columns) == len(set(columns)) else None
    if sizes is None:
        raise ActionFailed("the same column is named twice")
    return _released(pd.DataFrame(index=sizes.index), sizes)


@action(gives=["same"])
def drop_missing(table: Table, columns: Columns) -> Table:
    """The rows in which none of these columns is missing."""
    for column in columns:
        _has(table, column)
    return table.dropna(subset=list(columns), ignore_index=True)


@action(gives=["same"])
def fill(
    table: Table,
    column: Column,
    how: Literal["mean", "median", "most frequent", "zero", "forward", "backward"],
) -> Table:
    """Missing values of a column replaced, by its mean, median or most frequent value, 0, or a neighbour's.

    Requires: numbers for mean, median and zero.
    Ensures: of several most frequent values the smallest; a value without a neighbour stays missing.
    """
    values = (
        _has(table, column) if how in ("most frequent", "forward", "backward") else _numbers(table, column)
    )
    if how == "forward":
        return _replaced(table, column, values.ffill())
    if how == "backward":
        return _replaced(table, column, values.bfill())
    if values.notna().sum() == 0 and how != "zero":
        raise ActionFailed(f"column {column!r} has no value to fill with")
    if how == "zero":
        return _replaced(table, column, values.fillna(0))
    return _replaced(
        table, column, values.fillna(values.mode()[0] if how == "most frequent" else _computed(values, how))
    )


@action(gives=["same"])
def fill_number(table: Table, column: Column["number"], value: Number[-1e15, 1e15, "of the column"]) -> Table:
    """Missing values of a column of numbers replaced by this number."""
    return _replaced(table, column, _numbers(table, column).fillna(value))


@action(gives=["same"])
def fill_text(table: Table, column: Column["text"], value: Text) -> Table:
    """Missing values of a column of text replaced by this text."""
    values = _has(table, column)
    if pd.api.types.is_numeric_dtype(values) and values.notna().any():
        raise ActionFailed(f"column {column!r} does not hold text; use fill_number")
    return _replaced(table, column, values.astype("object").fillna(value).astype("str"))


def _outlying(values, method, factor):
    """Which values lie further out than the method allows; missing ones do not."""
    if method == "z-score":
        return ((values - values.mean()) / values.std(ddof=1)).abs() > factor
    low, high = values.quantile(0.25), values.quantile(0.75)
    return (values < low - factor * (high - low)) | (values > high + factor * (high - low))


@action(gives=["same"])
def outliers(
    table: Table,
    column: Column["number"],
    method: Literal["iqr", "z-score"] = "iqr",
    factor: Number[0.1, 10, "times the spread"] = 1.5,
    keep: Literal["outliers", "others"] = "outliers",
) -> Table:
    """The rows whose value lies far out, or all other rows.

    Ensures: far out is beyond `factor` interquartile ranges from the quartiles, or beyond `factor` standard
    deviations (of the sample) from the mean; rows in their order; a missing value is no outlier.
    """
    far = _outlying(_numbers(table, column), method, factor)
    return table[far if keep == "outliers" else ~far].reset_index(drop=True)


@action(gives=["same"])
def replace_outliers(
    table: Table,
    column: Column["number"],
    value: Literal["mean", "median", "missing", "nearest bound"],
    method: Literal["iqr", "z-score"] = "iqr",
    factor: Number[0.1, 10, "times the spread"] = 1.5,
) -> Table:
    """Values that lie far out (see outliers) replaced, by mean, median, nothing or the nearest bound.

    Ensures: the bounds are the largest and smallest value that do not lie far out; mean and median are
    those of all values, as they were before.
    """
    values = _numbers(table, column).astype("float64")
    far = _outlying(values, method, factor)
    if value == "nearest bound":
        kept = values[~far]
        return _replaced(table, column, values.clip(kept.min(), kept.max()))
    return _replaced(
        table, column, values.where(~far, np.nan if value == "missing" else _computed(values, value))
    )

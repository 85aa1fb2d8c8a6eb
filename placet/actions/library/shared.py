"""What the actions share: checks of columns, values as Python's own, one number from many.

Source text, never imported by a service: a compiled program holds those functions of this file that its
actions name, directly or through one another.
"""

import pandas as pd


def _has(table, column):
    if column not in table.columns:
        raise ActionFailed(f"there is no column {column!r}")
    return table[column]


def _numbers(table, column):
    values = _has(table, column)
    if values.isna().all():
        return values.astype("float64")
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        raise ActionFailed(
            f"column {column!r} does not hold numbers only; use to_number or extract_number first"
        )
    return values


def _dates(table, column):
    values = _has(table, column)
    if not pd.api.types.is_datetime64_any_dtype(values):
        raise ActionFailed(f"column {column!r} does not hold dates only; use to_date first")
    return values


def _texts(table, column):
    """The values as text, missing ones left missing."""
    values = _has(table, column)
    return values.astype("str").where(values.notna())


def _present(table, columns, least):
    """The rows in which none of `columns` is missing, of which there must be enough."""
    rows = table.dropna(subset=columns)
    least = max(least, MIN_GROUP)
    if _weight(rows) < least:
        raise ActionFailed(f"fewer than {least} rows have a value in {', '.join(columns)}")
    return rows


def _only_numbers(table, columns):
    for column in columns:
        _numbers(table, column)
    return columns


def _different(*columns):
    if len(set(columns)) < len(columns):
        raise ActionFailed("the same column is named twice")


def _with(table, name, values):
    """The table with one more column. Its name must be free."""
    if name in table.columns or name == GROUP_COUNT:
        raise ActionFailed(f"there is a column {name!r} already; choose another name")
    return table.assign(**{name: values})


def _replaced(table, column, values):
    _kept_apart(column)
    return table.assign(**{column: values})


def _plain(value):
    """A number, text or truth value of Python's own."""
    if pd.isna(value):
        raise ActionFailed("there is no value: all that it would be made of is missing")
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ") if value != value.normalize() else value.date().isoformat()
    return value.item() if hasattr(value, "item") else value


def _computed(values, how):
    """One number for each group, or for all: the names that actions offer, in words of pandas."""
    if how == "std":
        return values.std(ddof=1)
    if how == "population std":
        return values.std(ddof=0)
    if how == "variance":
        return values.var(ddof=1)
    if how == "distinct":
        return values.nunique()
    if how == "range":
        return values.max() - values.min()
    return values.sum(min_count=1) if how == "sum" else values.agg(how)

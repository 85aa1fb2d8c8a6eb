"""New columns from the numbers of a row."""

import numpy as np
import pandas as pd


def _calculated(left, op, right):
    """Arithmetic by rows; division by zero gives a missing value."""
    if op == "+":
        made = left + right
    elif op == "-":
        made = left - right
    elif op == "*":
        made = left * right
    else:
        made = left / right if op == "/" else left % right
    return made.replace([np.inf, -np.inf], np.nan)


@action(gives=["same", "name:number"])
def derive(
    table: Table, left: Column["number"], op: Literal["+", "-", "*", "/"], right: Column["number"], name: Name
) -> Table:
    """A new column: one column plus, minus, times or divided by another.

    Ensures: missing where either is missing, or the divisor is 0.
    """
    values = _calculated(_numbers(table, left).astype("float64"), op, _numbers(table, right))
    return _with(table, name, _whole_if(values, table[left], table[right], op))


def _whole_if(values, left, right, op):
    """Whole numbers stay whole."""
    whole = pd.api.types.is_integer_dtype(left) and pd.api.types.is_integer_dtype(right) and op != "/"
    return values.astype("int64") if whole and values.notna().all() else values


@action(gives=["same", "name:number"])
def derive_with(
    table: Table,
    column: Column["number"],
    op: Literal["+", "-", "*", "/", "remainder of", "divides", "subtracted from"],
    number: Number[-1e15, 1e15, "as the operation needs"],
    name: Name,
) -> Table:
    """A new column: a column and a number combined.

    Ensures: `divides` is number / column, `subtracted from` is number - column; missing where the column
    is missing, or the divisor is 0.
    """
    values = _numbers(table, column).astype("float64")
    if op == "divides":
        made = (number / values.where(values != 0)).astype("float64")
    elif op == "subtracted from":
        made = number - values
    else:
        made = _calculated(values, "%" if op == "remainder of" else op, number)
    return _with(table, name, made)


@action(gives=["same", "name:number"])
def combine(
    table: Table,
    columns: Columns["number", 2, 16],
    how: Literal["sum", "mean", "min", "max", "product"],
    name: Name,
) -> Table:
    """A new column: the sum, mean, smallest, largest or product of several columns, row by row.

    Ensures: missing where one of them is missing.
    """
    values = table[_only_numbers(table, columns)].astype("float64")
    made = values.agg(how, axis=1, skipna=False)
    return _with(table, name, made)


@action(gives=["same", "name:number"])
def transform(
    table: Table,
    column: Column["number"],
    how: Literal[
        "log",
        "log10",
        "log1p",
        "exp",
        "square root",
        "square",
        "absolute",
        "negative",
        "floor",
        "ceiling",
        "sign",
    ],
    name: Name,
) -> Table:
    """A new column: a function of a column, such as its logarithm.

    Ensures: missing where the function has no value, such as the logarithm of 0.
    """
    values = _numbers(table, column).astype("float64")
    functions = {
        "log": np.log,
        "log10": np.log10,
        "log1p": np.log1p,
        "exp": np.exp,
        "square root": np.sqrt,
        "square": np.square,
        "absolute": np.abs,
        "negative": np.negative,
        "floor": np.floor,
        "ceiling": np.ceil,
        "sign": np.sign,
    }
    with np.errstate(all="ignore"):
        made = functions[how](values)
    return _with(table, name, made.replace([np.inf, -np.inf], np.nan))


@action(gives=["same", "name:number"])
def scale(
    table: Table,
    column: Column["number"],
    how: Literal["z-score", "0 to 1", "share of the largest"],
    name: Name,
) -> Table:
    """A new column: values as z-scores (of the sample), between 0 and 1, or as shares of the largest.

    Requires: the values are not all the same; for shares, the largest is above 0.
    """
    values = _numbers(table, column).astype("float64")
    spread = values.max() - values.min()
    if not spread > 0 or (how == "share of the largest" and not values.max() > 0):
        raise ActionFailed(f"the values of column {column!r} cannot be scaled")
    if how == "z-score":
        return _with(table, name, (values - values.mean()) / values.std(ddof=1))
    return _with(table, name, (values - values.min()) / spread if how == "0 to 1" else values / values.max())


@action(gives=["same", "name:number"])
def round_to(
    table: Table, column: Column["number"], digits: Integer[0, 10, "digits after the point"], name: Name
) -> Table:
    """A new column: a column's values, rounded (halves to the even digit)."""
    return _with(table, name, _numbers(table, column).round(digits))

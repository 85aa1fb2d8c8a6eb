"""Which rows fit conditions (docs/actions-format.md 2.3)."""

import pandas as pd


def _matching(table, where):
    """Which rows fit all of `where`."""
    kept = pd.Series(True, index=table.index)
    for condition in where:
        kept &= _fits(_has(table, condition["column"]), condition["op"], condition.get("value"))
    return kept


def _fits(values, op, value):
    """Which values fit one condition; a missing value fits `missing` only."""
    if op in ("missing", "present"):
        return values.isna() if op == "missing" else values.notna()
    if op in ("contains", "starts with", "ends with"):
        return _fits_part(values.astype("str"), op, str(value)) & values.notna()
    if op in ("in", "not in"):
        among = values.isin([_like(values, one) for one in value])
        return (among if op == "in" else ~among) & values.notna()
    other = _like(values, value)
    plain = values.astype("str") if isinstance(other, str) else values
    return (_compared(plain, op, other) & values.notna()).fillna(False).astype("bool")


def _fits_part(texts, op, part):
    if op == "contains":
        return texts.str.contains(part, regex=False)
    return texts.str.startswith(part) if op == "starts with" else texts.str.endswith(part)


def _compared(values, op, other):
    if op == "=":
        return values == other
    if op == "!=":
        return values != other
    if op == "<":
        return values < other
    if op == "<=":
        return values <= other
    return values > other if op == ">" else values >= other


def _like(values, value):
    """`value` as the column's values are written, so that they can be compared."""
    if pd.api.types.is_datetime64_any_dtype(values):
        made = pd.to_datetime(str(value), errors="coerce")
        if pd.isna(made):
            raise ActionFailed(f"column {values.name!r} holds dates; write a date as 2024-12-31")
        return made
    number = pd.api.types.is_numeric_dtype(values)
    if number and (isinstance(value, str) or isinstance(value, bool) != pd.api.types.is_bool_dtype(values)):
        raise ActionFailed(f"column {values.name!r} is compared with something of another type")
    return value if number or values.isna().all() else str(value)

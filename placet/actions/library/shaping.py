"""Tables put together, or turned from long to wide and back."""

import numpy as np
import pandas as pd


def _together(made, one, other):
    """Rows of two tables, combined, stand for groups only if those of both did.

    `one` and `other` are the columns that say how large those groups are; None where there was none.
    """
    if not MIN_GROUP:
        return made
    counted = [column for column in (one, other) if column is not None]
    sizes = made[counted].min(axis=1)
    made = made.drop(columns=counted)
    return made.assign(**{GROUP_COUNT: sizes.astype("int64")}) if len(counted) == 2 else made


def _second_names(left, right, keys):
    """The names that the right table's columns get: those which the left one has are numbered."""
    taken, names = set(left.columns), {}
    for column in right.columns:
        if column in keys:
            continue
        name, number = column, 2
        while name in taken:
            name, number = f"{column}_{number}", number + 1
        taken.add(name)
        names[column] = name
    return names


def _comparable(left, right, on):
    for column in on:
        one, other = _has(left, column), _has(right, column)
        kinds = [pd.api.types.is_numeric_dtype(values) for values in (one, other)]
        dated = [pd.api.types.is_datetime64_any_dtype(values) for values in (one, other)]
        if kinds[0] != kinds[1] or dated[0] != dated[1]:
            raise ActionFailed(f"column {column!r} is of another type in the second table")


@action(gives=["same", "right-on"])
def join(
    left: Table,
    on: Columns["left", "right", 1, 4],
    right: Table,
    how: Literal["both", "left", "all"] = "both",
) -> Table:
    """The columns of two tables side by side, for rows that agree in the columns `on`, which both must have.

    Requires: at most 1,000,000 rows result.
    Ensures: rows that are in both tables; or all of the left; or all of either. In order of the left
    table; missing keys never agree; a column of the right one whose name is taken is called NAME_2.
    """
    _kept_apart(*on)
    _comparable(left, right, on)
    names = _second_names(left, right, on)
    _not_too_many(left, right, list(on))
    made = _merged(left, right.rename(columns=names), list(on), how)
    counted = GROUP_COUNT if MIN_GROUP and GROUP_COUNT in left.columns else None
    return _together(made, counted, names.get(GROUP_COUNT) if MIN_GROUP else None)


def _not_too_many(left, right, keys):
    pairs = (
        left.groupby(keys, observed=True)
        .size()
        .to_frame("left")
        .join(right.groupby(keys, observed=True).size().rename("right"))
    )
    if (pairs["left"] * pairs["right"]).sum() > 1000000:
        raise ActionFailed("more than 1,000,000 pairs of rows agree; group one of the tables first")


def _merged(left, right, keys, how):
    """Rows that agree, in the left table's order; then what `how` adds."""
    order, place = _unused([left, right], "order"), _unused([left, right], "place")
    right = right.assign(**{place: np.arange(len(right))})
    partners = right.dropna(subset=keys)
    made = left.assign(**{order: np.arange(len(left))}).merge(
        partners, on=keys, how="inner" if how == "both" else "left"
    )
    made = made.sort_values([order, place], kind="stable")
    if how == "all":
        made = pd.concat([made, right[~right[place].isin(made[place])]])
    return made.drop(columns=[order, place]).reset_index(drop=True)


def _unused(tables, name):
    while any(name in table.columns for table in tables):
        name += "_"
    return name


@action(gives=["same"])
def without(left: Table, on: Columns["left", "right", 1, 4], right: Table) -> Table:
    """The rows of a table that agree with no row of another in the columns `on`, which both must have.

    Ensures: rows in their order; a row with a missing key agrees with none.
    """
    _kept_apart(*on)
    _comparable(left, right, on)
    keys, order = list(on), _unused([left, right], "order")
    marked = left.assign(**{order: np.arange(len(left))})
    agreeing = marked.merge(right[keys].dropna().drop_duplicates(), on=keys)[order]
    return left[~marked[order].isin(agreeing)].reset_index(drop=True)


@action(gives=["same"])
def append(first: Table, second: Table) -> Table:
    """The rows of one table, then those of another.

    Requires: both have the same columns, of the same types.
    Ensures: columns in the order of the first table.
    """
    if set(first.columns) - {GROUP_COUNT} != set(second.columns) - {GROUP_COUNT}:
        raise ActionFailed("the tables have different columns; select or rename first")
    if MIN_GROUP and (GROUP_COUNT in first.columns) != (GROUP_COUNT in second.columns):
        first, second = _apart(first), _apart(second)
    _comparable(first, second, list(first.columns))
    return pd.concat([first, second[list(first.columns)]], ignore_index=True)


def _cells(table, rows, columns, made, how):
    """A wide table by row and column, small cells left out, and how many rows stand behind each line."""
    sizes = _sizes(table, [rows, columns], [made] if made else [])
    values = _computed(_groups(table, [rows, columns])[made], how) if made else sizes
    if MIN_GROUP:
        large = (sizes >= MIN_GROUP).to_numpy()
        values, sizes = values[large], sizes[large]
    wide = values.unstack(columns, sort=True)
    wide = wide.set_axis(_headers(wide.columns), axis="columns")
    behind = sizes.groupby(level=0, dropna=False, sort=True).sum()
    return wide, behind


def _headers(labels):
    """Column names from values."""
    names = ["(missing)" if pd.isna(label) else str(_plain(label)) for label in labels]
    if len(set(names)) < len(names):
        raise ActionFailed("two values would give columns of the same name")
    return names


def _wide_enough(table, columns):
    count = _has(table, columns).nunique(dropna=False)
    if count > 100:
        raise ActionFailed(f"column {columns!r} has more than 100 different values, too many for columns")


@action(gives="unknown")
def pivot(
    table: Table,
    rows: Column,
    columns: Column,
    value: Column["number"],
    how: Literal["mean", "sum", "median", "min", "max", "count"] = "mean",
) -> Table:
    """One row for each value of one column, one column for each of another, in the cells a number.

    Requires: at most 100 columns result.
    Ensures: rows and columns in order; the cell is computed over the rows that have both values; without
    any it is missing.
    """
    _different(rows, columns, value)
    _wide_enough(table, columns)
    _numbers(table, value)
    wide, behind = _cells(table, rows, columns, value, how)
    return _released(wide, behind)


@action(gives="unknown")
def cross_count(
    table: Table, rows: Column, columns: Column, shares: Literal["no", "of all", "of the row"] = "no"
) -> Table:
    """How often each pair of values occurs: one row for each of one column, one column for each of another.

    Requires: at most 100 columns result.
    Ensures: pairs that never occur count 0 (with a smallest group, small counts are missing); shares lie
    between 0 and 1.
    """
    _different(rows, columns)
    _wide_enough(table, columns)
    wide, behind = _cells(table, rows, columns, None, "count")
    if not MIN_GROUP:
        wide = wide.fillna(0).astype("int64")
    if shares == "of all":
        wide = wide / behind.sum()
    elif shares == "of the row":
        wide = wide.div(behind, axis=0)
    return _released(wide, behind)


@action(gives=["keep", "name:text", "value:number"])
def unpivot(
    table: Table, keep: Columns[1, 8], columns: Columns["number", 1, 16], name: Name, value: Name
) -> Table:
    """One row for each of several columns: its name in one new column, its value in another.

    Requires: no column is both kept and turned.
    Ensures: for each row in turn, the columns in the order given.
    """
    _different(*keep, *columns)
    _only_numbers(table, columns)
    rows = _chosen(table, [*keep, *columns])
    kept = [column for column in rows.columns if column not in columns]
    if {name, value} & {*kept, GROUP_COUNT} or name == value:
        raise ActionFailed("a new column has the name of one that is kept; choose another name")
    order = _unused([rows], "order")
    long = rows.assign(**{order: np.arange(len(rows))})
    long = long.melt([*kept, order], list(columns), var_name=name, value_name=value)
    long = long.sort_values(order, kind="stable", ignore_index=True)
    made = long[[*keep, name, value, *[column for column in kept if column not in keep]]]
    return _apart(made) if len(columns) > 1 else made  # else the same rows would count several times

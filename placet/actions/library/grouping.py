"""One row for each group."""

import pandas as pd


@action(gives=["by", "name:number", "@group_count"])
def aggregate(
    table: Table,
    by: Columns[1, 4],
    column: Column["number"],
    how: Literal[
        "mean",
        "sum",
        "median",
        "min",
        "max",
        "count",
        "std",
        "population std",
        "variance",
        "range",
        "distinct",
    ],
    name: Name,
) -> Table:
    """One row per group, with a column computed over the group's rows.

    Ensures: groups in order of `by`, a missing key being a group of its own; missing values of `column`
    are left out, and without any value the result is missing (a count is 0).
    """
    _numbers(table, column)
    groups = _groups(table, by)[column]
    made = _computed(groups, how).rename(name).to_frame()
    return _released(made, _sizes(table, by, [column]))


@action(gives=["by", "columns:number", "@group_count"])
def aggregate_several(
    table: Table,
    by: Columns[1, 4],
    columns: Columns["number", 1, 16],
    how: Literal["mean", "sum", "median", "min", "max", "count", "std"],
) -> Table:
    """One row per group, with several columns computed over the group's rows, each under its own name.

    Requires: no column is both a key and computed.
    Ensures: groups in order of `by`; missing values are left out.
    """
    _different(*by, *columns)
    made = pd.DataFrame(
        {column: _computed(_groups(table, by)[column], how) for column in _only_numbers(table, columns)}
    )
    return _released(made, _sizes(table, by, columns))


@action(gives=["by", "name:number", "@group_count"])
def count(table: Table, by: Columns[1, 4], name: Name) -> Table:
    """One row per group, with the number of its rows.

    Ensures: groups in order of `by`, a missing key being a group of its own.
    """
    sizes = _sizes(table, by)
    return _released(sizes.rename(name).to_frame(), sizes)


@action(gives=["by", "name:number", "@group_count"])
def count_distinct(table: Table, by: Columns[1, 4], column: Column, name: Name) -> Table:
    """One row per group, with the number of different values of a column in it.

    Ensures: groups in order of `by`; missing values do not count.
    """
    _has(table, column)
    made = _groups(table, by)[column].nunique().rename(name).to_frame()
    return _released(made, _sizes(table, by, [column]))


@action(gives=["by", "name:number", "@group_count"])
def group_share(table: Table, by: Columns[1, 4], name: Name) -> Table:
    """One row per group, with its share of all rows, between 0 and 1.

    Ensures: groups in order of `by`, a missing key being a group of its own.
    """
    sizes = _sizes(table, by)
    return _released((sizes / sizes.sum()).rename(name).to_frame(), sizes)


@action(gives=["by", "name:number", "@group_count"])
def group_quantile(
    table: Table,
    by: Columns[1, 4],
    column: Column["number"],
    quantile: Number[0, 1, "share of the values below"],
    name: Name,
) -> Table:
    """One row per group, with a quantile of a column: 0.25 is the first quartile, 0.9 the ninth decile.

    Ensures: groups in order of `by`; between two values, the quantile is interpolated.
    """
    _numbers(table, column)
    made = _groups(table, by)[column].quantile(quantile).rename(name).to_frame()
    return _released(made, _sizes(table, by, [column]))


@action(gives=["by", "name:number", "p value:number", "@group_count"])
def group_correlate(
    table: Table,
    by: Columns[1, 4],
    x: Column["number"],
    y: Column["number"],
    method: Literal["pearson", "spearman", "kendall"],
    name: Name,
) -> Table:
    """One row per group, with the correlation of two columns in it, and the p value of none.

    Ensures: p values are two-sided; groups in order of `by`; missing for groups with fewer than 3 rows
    that have both, or with constant values.
    """
    _different(*by, x, y)
    rows = table.assign(**{x: _numbers(table, x), y: _numbers(table, y)})
    found = {key: _correlation(group[x], group[y], method) for key, group in _groups(rows, by)}
    sizes = _sizes(rows, by, [x, y])
    made = pd.DataFrame(list(found.values()), columns=[name, "p value"], index=sizes.index)
    return _released(made, sizes)


@action(gives=["same", "name:number"])
def group_value(
    table: Table,
    by: Columns[1, 4],
    column: Column["number"],
    how: Literal["mean", "sum", "median", "min", "max", "count", "std"],
    name: Name,
) -> Table:
    """A new column: for each row, something computed over the rows of its group, such as the group's mean.

    Ensures: all rows, in their order; missing values of `column` are left out.
    """
    _numbers(table, column)
    groups = _groups(table, by)[column]
    return _with(table, name, groups.transform(lambda values: _computed(values, how)))

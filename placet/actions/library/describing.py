"""What the values of columns are like."""

import pandas as pd


@action(
    gives=[
        "column:text",
        "present:number",
        "missing:number",
        "mean:number",
        "std:number",
        "min:number",
        "q1:number",
        "median:number",
        "q3:number",
        "max:number",
        "@group_count",
    ]
)
def describe(table: Table, columns: Columns["number", 1, 16]) -> Table:
    """One row per column: how many values, how many missing, mean, standard deviation, quartiles, bounds.

    Requires: each column has a value.
    Ensures: the standard deviation is that of the sample; q1 and q3 are the first and third quartile.
    """
    made = pd.DataFrame([_described(table, column) for column in columns])
    return _whole(made, _present(table, list(columns), 1))


def _described(table, column):
    present = _present(table, [column], 1)
    values = _numbers(present, column).astype("float64")
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return {
        "column": column,
        "present": len(present),
        "missing": len(table) - len(present),
        "mean": values.mean(),
        "std": values.std(),
        "min": values.min(),
        "q1": low,
        "median": middle,
        "q3": high,
        "max": values.max(),
    }


@action(gives=["column:text", "missing:number", "percent:number", "@group_count"])
def count_missing(table: Table, columns: Columns[1, 16]) -> Table:
    """One row per column: how many of its values are missing, and how many percent that is.

    Requires: at least one row.
    """
    if table.empty:
        raise ActionFailed("the table has no rows")
    missing = [int(_has(table, column).isna().sum()) for column in columns]
    made = pd.DataFrame({"column": list(columns), "missing": missing})
    return _whole(made.assign(percent=made["missing"] / len(table) * 100), table)


@action(gives=["quantile:number", "value:number", "@group_count"])
def quantiles(table: Table, column: Column["number"], at: Values) -> Table:
    """One row per quantile of a column, such as 0.25, 0.5 and 0.9.

    Requires: numbers from 0 to 1; a value in the column.
    Ensures: in the order given; between two values, a quantile is interpolated.
    """
    if any(isinstance(one, str | bool) or not 0 <= one <= 1 for one in at):
        raise ActionFailed("quantiles are numbers from 0 to 1")
    rows = _present(table, [column], 1)
    values = _numbers(rows, column).astype("float64").quantile(list(at))
    return _whole(pd.DataFrame({"quantile": list(at), "value": values.to_numpy()}), rows)


@action(gives=["column", "count:number", "share:number", "@group_count"])
def frequencies(table: Table, column: Column) -> Table:
    """One row per value of a column: how often it occurs, and its share of all rows that have a value.

    Requires: a value in the column.
    Ensures: the most frequent first, equally frequent ones in order of the value.
    """
    if column in ("count", "share"):
        raise ActionFailed("rename the column first: the result has a column of this name")
    sizes = _sizes(_present(table, [column], 1), [column])
    made = pd.DataFrame({"count": sizes, "share": sizes / sizes.sum()})
    return _released(made, sizes).sort_values("count", ascending=False, kind="stable", ignore_index=True)


@action
def value(
    table: Table,
    column: Column["number"],
    how: Literal[
        "mean",
        "sum",
        "median",
        "min",
        "max",
        "range",
        "count",
        "distinct",
        "std",
        "population std",
        "variance",
        "skew",
        "kurtosis",
    ],
) -> Value:
    """One number computed over a column, such as its mean.

    Requires: a value in the column (for std, variance, skew and kurtosis: enough values).
    Ensures: missing values are left out; std, variance, skew and kurtosis are those of the sample.
    """
    values = _numbers(_present(table, [column], 1), column)
    if how == "skew":
        return _plain(values.skew())
    return _plain(values.kurt() if how == "kurtosis" else _computed(values, how))


@action
def value_quantile(
    table: Table, column: Column["number"], quantile: Number[0, 1, "share of the values below"]
) -> Value:
    """One quantile of a column: 0.5 is the median. Between two values it is interpolated.

    Requires: a value in the column.
    """
    return _plain(_numbers(_present(table, [column], 1), column).astype("float64").quantile(quantile))


@action
def moment_skewness(table: Table, column: Column["number"]) -> Value:
    """The Fisher-Pearson coefficient of skewness of a column, without correction for the sample's size.

    Requires: at least two different values.
    """
    values = _numbers(_present(table, [column], 2), column).astype("float64")
    apart = values - values.mean()
    if not (apart**2).sum() > 0:
        raise ActionFailed(f"column {column!r} has no two different values")
    return _plain((apart**3).mean() / (apart**2).mean() ** 1.5)


@action
def row_count(table: Table) -> Value:
    """How many rows a table has."""
    return len(table if table.empty else _enough(table))


@action
def distinct_count(table: Table, column: Column) -> Value:
    """How many different values a column has; missing ones do not count."""
    return int(_has(_enough(table), column).nunique())


@action
def most_frequent(table: Table, column: Column) -> Value:
    """The most frequent value of a column; of several the smallest.

    Requires: a value in the column.
    """
    sizes = _sizes(_present(table, [column], 1), [column])
    if MIN_GROUP and sizes.max() < MIN_GROUP:
        raise ActionFailed(
            f"no value occurs {MIN_GROUP} times, which is the smallest group that may be told of"
        )
    return _plain(sizes.idxmax())


@action
def cell(table: Table, column: Column) -> Value:
    """The value of a column in the first row, such as the name of the largest group after `sort` or `top`.

    Requires: a row, and a value in it.
    """
    values = _has(_leaving(table), column)
    if values.empty:
        raise ActionFailed("the table has no rows")
    return _plain(values.iloc[0])

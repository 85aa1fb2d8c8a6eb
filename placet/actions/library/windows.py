"""New columns from a row's neighbours or from the whole of its group. The rows' order counts: sort first."""


def _by_group(table, by, column):
    """The column's values, and how something is computed on them in each group, or on all."""
    values = _numbers(table, column)
    if by is None:
        return values, lambda step: step(values)
    keys = [_has(table, key) for key in by]
    return values, lambda step: values.groupby(keys, dropna=False, sort=False, group_keys=False).transform(
        step
    )


@action(gives=["same", "name:number"])
def share(table: Table, column: Column["number"], name: Name, by: Columns[1, 4] | None = None) -> Table:
    """A new column: a value's share of the column's sum, in all or in the row's group, between 0 and 1.

    Ensures: missing where the value is missing or the sum is 0.
    """
    values, in_each = _by_group(table, by, column)
    sums = in_each(lambda group: group * 0 + group.sum())
    return _with(table, name, values / sums.where(sums != 0))


@action(gives=["same", "name:number"])
def rank(
    table: Table,
    column: Column["number"],
    name: Name,
    order: Literal["largest first", "smallest first"] = "largest first",
    by: Columns[1, 4] | None = None,
) -> Table:
    """A new column: a value's place, in all or in the row's group.

    Ensures: equal values share the better place, and the next places are left free; missing where the
    value is missing.
    """
    _, in_each = _by_group(table, by, column)
    return _with(
        table, name, in_each(lambda group: group.rank(method="min", ascending=order == "smallest first"))
    )


@action(gives=["same", "name:number"])
def cumulate(
    table: Table,
    column: Column["number"],
    name: Name,
    how: Literal["sum", "max", "min"] = "sum",
    by: Columns[1, 4] | None = None,
) -> Table:
    """A new column: the sum (largest, smallest) of a column up to each row, in all or in the row's group.

    Ensures: in the table's order; missing where the value is missing, which the sum passes over.
    """
    _, in_each = _by_group(table, by, column)
    if how == "sum":
        return _with(table, name, in_each(lambda group: group.cumsum()))
    return _with(table, name, in_each(lambda group: group.cummax() if how == "max" else group.cummin()))


@action(gives=["same", "name:number"])
def difference(
    table: Table,
    column: Column["number"],
    name: Name,
    how: Literal["difference", "percent"] = "difference",
    rows: Integer[1, 1000, "rows back"] = 1,
    by: Columns[1, 4] | None = None,
) -> Table:
    """A new column: by how much a value differs from an earlier row's, also in percent of that.

    Ensures: in the table's order, in all or in the row's group; missing where either is missing, or the
    earlier one is 0 for percent.
    """
    values, in_each = _by_group(table, by, column)
    earlier = in_each(lambda group: group.shift(rows))
    if how == "difference":
        return _with(table, name, values - earlier)
    return _with(table, name, (values - earlier) / earlier.where(earlier != 0) * 100)


@action(gives=["same", "name:number"])
def rolling(
    table: Table,
    column: Column["number"],
    rows: Integer[2, 1000, "rows"],
    name: Name,
    how: Literal["mean", "sum", "median", "min", "max", "std"] = "mean",
    by: Columns[1, 4] | None = None,
) -> Table:
    """A new column: something computed over a row and the rows before it, such as a moving average.

    Ensures: in the table's order, in all or in the row's group; missing until there are enough rows, and
    where one of them is missing.
    """
    _, in_each = _by_group(table, by, column)
    return _with(table, name, in_each(lambda group: _windowed(group.rolling(rows), how)))


def _windowed(windows, how):
    return windows.sum() if how == "sum" else _computed(windows, how)


@action(gives=["same", "name:number"])
def shift(
    table: Table,
    column: Column["number"],
    name: Name,
    rows: Integer[-1000, 1000, "rows back"] = 1,
    by: Columns[1, 4] | None = None,
) -> Table:
    """A new column: the value of an earlier row; of a later one if `rows` is below 0.

    Ensures: in the table's order, in all or in the row's group; missing where there is no such row.
    """
    _, in_each = _by_group(table, by, column)
    return _with(table, name, in_each(lambda group: group.shift(rows)))

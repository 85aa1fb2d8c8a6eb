"""Which columns a table has, and in which order."""


@action(gives=["columns"])
def select(table: Table, columns: Columns) -> Table:
    """These columns only, in this order.

    Ensures: all rows, in their order.
    """
    return _chosen(table, columns)


@action(gives=["same", "-columns"])
def drop(table: Table, columns: Columns) -> Table:
    """All columns but these.

    Requires: a column remains.
    """
    _kept_apart(*columns)
    for column in columns:
        _has(table, column)
    if set(columns) == set(table.columns):
        raise ActionFailed("no column would remain")
    return table.drop(columns=list(columns))


@action(gives=["same", "-column", "name:column"])
def rename(table: Table, column: Column, name: Name) -> Table:
    """A column under another name.

    Requires: no other column has that name.
    """
    _kept_apart(column, name)
    _has(table, column)
    if name in table.columns and name != column:
        raise ActionFailed(f"there is a column {name!r} already; choose another name")
    return table.rename(columns={column: name})

"""Groups that are large enough, and the column that says how large they are.

`MIN_GROUP` and `GROUP_COUNT` stand in the program's header: the smallest group that may leave (0: any), and
the column. A table has that column only if each of its rows stands for a group; only functions of this file
make, keep or drop it.
"""

import pandas as pd


def _weight(table):
    """How many rows of the inputs stand behind these rows."""
    if MIN_GROUP and GROUP_COUNT in table.columns:
        return int(table[GROUP_COUNT].sum())
    return len(table)


def _enough(rows):
    """The rows, which must be as many as the smallest group."""
    if _weight(rows) < MIN_GROUP:
        raise ActionFailed(f"fewer than {MIN_GROUP} rows, which is the smallest group that may be told of")
    return rows


def _groups(table, by):
    """The rows by group, in order of `by`; a missing key is a group of its own."""
    for column in by:
        _has(table, column)
    return table.groupby(list(by), dropna=False, sort=True, observed=True)


def _sizes(table, by, columns=()):
    """How many rows stand behind each group; only those count in which none of `columns` is missing."""
    weights = (
        table[GROUP_COUNT] if MIN_GROUP and GROUP_COUNT in table.columns else pd.Series(1, index=table.index)
    )
    if columns:
        weights = weights.where(table[list(columns)].notna().all(axis=1), 0)
    keys = [table[column] for column in by]
    return weights.groupby(keys, dropna=False, sort=True, observed=True).sum()


def _released(made, sizes):
    """A table of one row a group, from values by group. Small groups are left out, others say their size."""
    if MIN_GROUP:
        made = made.drop(columns=GROUP_COUNT) if _says_size(made, sizes) else made
        if GROUP_COUNT in (*made.columns, *made.index.names):
            raise ActionFailed(f"column {GROUP_COUNT!r} says how large a group is; choose another name")
        large = (sizes >= MIN_GROUP).to_numpy()
        made = made.assign(**{GROUP_COUNT: sizes.to_numpy()})[large]
    taken = set(made.columns) & set(made.index.names)
    if taken or made.columns.has_duplicates:
        raise ActionFailed("a new column has the name of one that is there already; choose another name")
    return made.reset_index()


def _says_size(made, sizes):
    """Whether a column of that name says just what the one that is added will say."""
    return GROUP_COUNT in made.columns and (made[GROUP_COUNT].to_numpy() == sizes.to_numpy()).all()


def _whole(made, rows):
    """A table about all of `rows` together, which must be enough; it says how many they were."""
    if not MIN_GROUP:
        return made
    if len(made) > 1:
        raise ActionFailed(
            "several lines about the same rows must not leave; ask for one column or value at a time"
        )
    return made.assign(**{GROUP_COUNT: _weight(_enough(rows))})


def _kept_apart(*columns):
    if MIN_GROUP and GROUP_COUNT in columns:
        raise ActionFailed(f"column {GROUP_COUNT!r} says how large a group is and stays as it is")


def _chosen(table, columns):
    """The columns in this order, and always the one that says how large a group is."""
    for column in columns:
        _has(table, column)
    kept = list(dict.fromkeys(columns))
    if MIN_GROUP and GROUP_COUNT in table.columns and GROUP_COUNT not in kept:
        kept.append(GROUP_COUNT)
    return table[kept]


def _apart(table):
    """The table without the right to leave: its rows no longer stand for groups."""
    if MIN_GROUP and GROUP_COUNT in table.columns:
        return table.drop(columns=GROUP_COUNT)
    return table


def _leaving(table):
    """The table as it may leave: under a smallest group, only rows that say how large their group is."""
    if MIN_GROUP and GROUP_COUNT not in table.columns:
        raise ActionFailed(f"single rows must not leave; group them, {MIN_GROUP} rows at least in each group")
    return table

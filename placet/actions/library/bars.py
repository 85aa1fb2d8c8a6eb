"""Figures of categories: bars and slices.

With a smallest group, only tables whose rows stand for groups are drawn.
"""

import numpy as np


@action
def bar(
    table: Table,
    x: Column,
    y: Column["number"],
    title: Text = "",
    direction: Literal["upright", "lying"] = "upright",
) -> Figure:
    """A bar for each row: its name in x, its height in y.

    Requires: at most 200 rows that have both.
    Ensures: in the table's order; lying bars from the top down.
    """
    _numbers(table, y)
    rows = _drawn(table, _with_group([x, y], None))
    places, names = _places(rows, x)
    if direction == "lying":
        figure, axes = _axes(y, x, title)
        axes.barh(places, rows[y])
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        return figure
    figure, axes = _axes(x, y, title)
    axes.bar(places, rows[y])
    _name_places(axes, places, names)
    return figure


def _crossed(table, x, y, group):
    """One row for each x, one column for each group, in order; each cell from one row only."""
    _numbers(table, y)
    rows = _drawn(table, _with_group([x, y], group))
    if rows.duplicated([x, group]).any():
        raise ActionFailed(f"several rows have the same {x!r} and {group!r}; aggregate them first")
    parts = _parts(rows, group)
    keys = rows.drop_duplicates(x)
    places, names = _places(keys, x)
    heights = [part.set_index(x)[y].reindex(keys[x]).to_numpy(dtype="float64") for _, part in parts]
    return places, names, [name for name, _ in parts], heights


@action
def grouped_bar(table: Table, x: Column, y: Column["number"], group: Column, title: Text = "") -> Figure:
    """Bars side by side: for each x one bar for each group.

    Requires: one row for each pair of x and group; at most 200 x and 20 groups.
    """
    places, names, groups, heights = _crossed(table, x, y, group)
    figure, axes = _axes(x, y, title)
    width = 0.8 / len(groups)
    for number, (name, height) in enumerate(zip(groups, heights)):
        axes.bar(places + (number - (len(groups) - 1) / 2) * width, height, width, label=name)
    _name_places(axes, places, names)
    _explain(axes, group)
    return figure


@action
def stacked_bar(table: Table, x: Column, y: Column["number"], group: Column, title: Text = "") -> Figure:
    """Bars on top of each other: for each x the groups' values, which add up.

    Requires: one row for each pair of x and group; at most 200 x and 20 groups; no value below 0.
    """
    places, names, groups, heights = _crossed(table, x, y, group)
    _none_below_zero(np.concatenate(heights), y)
    figure, axes = _axes(x, y, title)
    bottom = np.zeros(len(places))
    for name, height in zip(groups, np.nan_to_num(heights)):
        axes.bar(places, height, bottom=bottom, label=name)
        bottom = bottom + height
    _name_places(axes, places, names)
    _explain(axes, group)
    return figure


@action
def pie(table: Table, names: Column, sizes: Column["number"], title: Text = "") -> Figure:
    """A slice for each row, with its name and its percentage.

    Requires: at most 20 rows; sizes not below 0, and not all 0.
    """
    _numbers(table, sizes)
    rows = _drawn(table, _with_group([names, sizes], None))
    _none_below_zero(rows[sizes], sizes)
    if len(rows) > 20 or not rows[sizes].sum() > 0:
        raise ActionFailed("a pie has 1 to 20 slices, not all of size 0")
    figure, axes = _axes("", "", title)
    axes.pie(
        rows[sizes],
        labels=[_written(value) for value in rows[names]],
        autopct="%.1f%%",
        startangle=90,
        counterclock=False,
    )
    axes.set_aspect("equal")
    return figure

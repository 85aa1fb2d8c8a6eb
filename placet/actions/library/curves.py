"""Figures over numbers or dates: lines, areas, points.

With a smallest group, only tables whose rows stand for groups are drawn.
"""

import numpy as np
import pandas as pd


def _ordered(rows, x):
    values = rows[x]
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)):
        raise ActionFailed(f"column {x!r} holds neither numbers nor dates; draw bars")
    return rows.sort_values(x, kind="stable")


@action
def line(
    table: Table,
    x: Column["number", "date"],
    y: Column["number"],
    title: Text = "",
    group: Column | None = None,
) -> Figure:
    """A line of y over x; one for each group, if there are groups.

    Requires: at most 20 groups.
    Ensures: in order of x, whatever the table's order is; rows that lack one of them are left out.
    """
    _numbers(table, y)
    rows = _ordered(_drawn(table, _with_group([x, y], group)), x)
    figure, axes = _axes(x, y, title)
    for name, part in _parts(rows, group):
        axes.plot(part[x].to_numpy(), part[y].to_numpy(), marker="o" if len(part) <= 30 else "", label=name)
    _tidy_x(axes, rows[x])
    _explain(axes, group)
    return figure


@action
def lines(
    table: Table, x: Column["number", "date"], columns: Columns["number", 1, 10], title: Text = ""
) -> Figure:
    """Several lines over x, one for each column.

    Ensures: in order of x; where a column has no value, its line has a gap.
    """
    _different(x, *columns)
    rows = _ordered(_drawn(table, [x]), x)
    figure, axes = _axes(x, "", title)
    for column in _only_numbers(rows, columns):
        axes.plot(rows[x].to_numpy(), rows[column].to_numpy(), label=column)
    _tidy_x(axes, rows[x])
    axes.legend()
    return figure


@action
def area(
    table: Table,
    x: Column["number", "date"],
    y: Column["number"],
    title: Text = "",
    group: Column | None = None,
) -> Figure:
    """The area below y over x; one on top of the other for each group, if there are groups.

    Requires: one row for each x (and group); at most 20 groups; no value below 0.
    Ensures: in order of x; a group without a value at some x counts as 0 there.
    """
    _numbers(table, y)
    rows = _ordered(_drawn(table, _with_group([x, y], group)), x)
    _none_below_zero(rows[y], y)
    if rows.duplicated([x] if group is None else [x, group]).any():
        raise ActionFailed(f"several rows have the same {x!r}; aggregate them first")
    parts, xs = _parts(rows, group), rows[x].drop_duplicates()
    figure, axes = _axes(x, y, title)
    heights = [part.set_index(x)[y].reindex(xs).fillna(0).to_numpy() for _, part in parts]
    axes.stackplot(xs.to_numpy(), *heights, labels=[name for name, _ in parts])
    _tidy_x(axes, rows[x])
    _explain(axes, group)
    return figure


@action
def scatter(
    table: Table,
    x: Column["number", "date"],
    y: Column["number"],
    title: Text = "",
    group: Column | None = None,
    trend: Boolean = False,
) -> Figure:
    """A point for each row, in one colour for each group, and the line of least squares if asked for.

    Requires: at most 20 groups; for the line, x holds at least two different numbers.
    """
    _numbers(table, y)
    rows = _ordered(_drawn(table, _with_group([x, y], group)), x)
    figure, axes = _axes(x, y, title)
    for name, part in _parts(rows, group):
        axes.scatter(part[x].to_numpy(), part[y].to_numpy(), s=16, label=name)
    if trend:
        _draw_trend(axes, rows, x, y)
    _tidy_x(axes, rows[x])
    _explain(axes, group)
    return figure


def _draw_trend(axes, rows, x, y):
    values = _numbers(rows, x).astype("float64")
    if values.nunique() < 2:
        raise ActionFailed(f"column {x!r} has no two different values, so there is no line")
    slope, constant = np.polyfit(values, rows[y].astype("float64"), 1)
    ends = np.array([values.min(), values.max()])
    axes.plot(ends, constant + slope * ends, linestyle="--", color="black")

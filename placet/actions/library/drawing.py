"""What figures share: axes with labels, what stands where, rows that may be drawn.

Each figure is left open, so that the chain delivers it in the scope's style.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def _axes(x, y, title):
    """A figure with one pair of axes, labelled."""
    figure, axes = plt.subplots(layout="constrained")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title:
        axes.set_title(title)
    return figure, axes


def _drawn(table, columns):
    """The rows that have all of `columns`; none is no figure."""
    rows = _leaving(table).dropna(subset=list(columns))
    if rows.empty:
        raise ActionFailed(f"no row has a value in {', '.join(columns)}")
    return rows


def _with_group(columns, group):
    columns = list(columns) if group is None else [*columns, group]
    _different(*columns)
    return columns


def _parts(rows, group):
    """The rows by group, in order, as pairs of a name and rows."""
    if group is None:
        return [("", rows)]
    parts = [(_written(key), part) for key, part in rows.groupby(group, sort=True, observed=True)]
    if len(parts) > 20:
        raise ActionFailed(f"column {group!r} has {len(parts)} groups, too many to tell apart; at most 20")
    return parts


def _explain(axes, group):
    if group is not None:
        axes.legend(title=group)


def _places(rows, x):
    """Where the marks of categories stand, and what is written there."""
    names = [_written(value) for value in rows[x]]
    if len(names) > 200:
        raise ActionFailed(
            f"column {x!r} has {len(names)} rows, too many to draw; use top or group them first"
        )
    return np.arange(len(names)), names


def _name_places(axes, places, names):
    axes.set_xticks(places, names)
    if sum(len(name) for name in names) > 60:
        axes.tick_params(axis="x", labelrotation=45 if len(names) <= 30 else 90)


def _written(value):
    value = _plain(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _none_below_zero(values, column):
    if (values < 0).any():
        raise ActionFailed(f"column {column!r} has values below 0, which cannot be drawn as parts")


def _tidy_x(axes, values):
    """Dates that do not overlap; no halves between whole numbers, such as years."""
    if pd.api.types.is_datetime64_any_dtype(values):
        axes.tick_params(axis="x", labelrotation=30)
    elif pd.api.types.is_integer_dtype(values):
        axes.xaxis.get_major_locator().set_params(integer=True)

"""Figures of how values are spread, and of pairs: histograms, boxes, coloured cells.

Histograms and boxes group by themselves: with a smallest group they leave out what stands for too few rows.
"""

import numpy as np
import pandas as pd


@action
def histogram(
    table: Table, column: Column["number"], bins: Integer[2, 100, "bins"] = 20, title: Text = ""
) -> Figure:
    """How many values lie in each of some intervals of equal width.

    Ensures: missing values are left out; with a smallest group, intervals with fewer values are left empty.
    """
    values = _numbers(_present(table, [column], 1), column).astype("float64")
    counts, bounds = np.histogram(values, bins)
    if MIN_GROUP:
        counts = np.where(counts >= MIN_GROUP, counts, 0)
    figure, axes = _axes(column, "count", title)
    axes.bar(bounds[:-1], counts, np.diff(bounds), align="edge", edgecolor="white", linewidth=0.5)
    return figure


@action
def box(table: Table, column: Column["number"], by: Column | None = None, title: Text = "") -> Figure:
    """A box of the quartiles with the median, for all rows or one for each group.

    Requires: at most 50 groups.
    Ensures: groups in order; whiskers reach to the furthest value within 1.5 interquartile ranges; values
    further out are points; with a smallest group there are no such points and no smaller groups.
    """
    _numbers(table, column)
    rows = _present(table, _with_group([column], by), 1)
    parts = (
        [(column, rows)]
        if by is None
        else [(_written(key), part) for key, part in rows.groupby(by, sort=True, observed=True)]
    )
    parts = [(name, part) for name, part in parts if _weight(part) >= MIN_GROUP]
    if not 1 <= len(parts) <= 50:
        raise ActionFailed(f"{len(parts)} groups to draw; there must be 1 to 50")
    figure, axes = _axes("" if by is None else by, column, title)
    axes.boxplot([part[column].to_numpy(dtype="float64") for _, part in parts], showfliers=not MIN_GROUP)
    _name_places(axes, np.arange(1, len(parts) + 1), [name for name, _ in parts])
    return figure


@action
def heat_map(table: Table, x: Column, y: Column, value: Column["number"], title: Text = "") -> Figure:
    """A coloured cell for each pair of x and y, with a scale beside it.

    Requires: one row for each pair; at most 200 of each.
    Ensures: both in order; a pair without a row stays empty.
    """
    _numbers(table, value)
    _different(x, y, value)
    rows = _drawn(table, [x, y, value])
    if rows.duplicated([x, y]).any():
        raise ActionFailed(f"several rows have the same {x!r} and {y!r}; aggregate them first")
    wide = rows.set_index([y, x])[value].unstack(x, sort=True).sort_index()
    figure, axes = _axes(x, y, title)
    _draw_cells(figure, axes, wide, value)
    return figure


def _draw_cells(figure, axes, wide, label):
    mesh = axes.pcolormesh(np.ma.masked_invalid(wide.to_numpy(dtype="float64")))
    columns, rows = ([_written(key) for key in keys] for keys in (wide.columns, wide.index))
    if max(len(columns), len(rows)) > 200:
        raise ActionFailed("more than 200 rows or columns of cells, too many to draw")
    _name_places(axes, np.arange(len(columns)) + 0.5, columns)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.invert_yaxis()
    figure.colorbar(mesh, ax=axes, label=label)


@action
def correlation_map(table: Table, columns: Columns["number", 2, 16], title: Text = "") -> Figure:
    """A coloured cell for the Pearson correlation of each pair of columns, from -1 to 1.

    Requires: at least 3 rows that have all of the columns.
    """
    rows = _present(table, _only_numbers(table, columns), 3)
    cells = np.array([[_correlation(rows[x], rows[y], "pearson")[0] for y in columns] for x in columns])
    figure, axes = _axes("", "", title)
    _draw_cells(figure, axes, pd.DataFrame(cells, index=list(columns), columns=list(columns)), "correlation")
    axes.collections[0].set_clim(-1, 1)
    return figure

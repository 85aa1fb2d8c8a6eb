"""Words inside of axes as data: annotations, small tables, legends. In the program's process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from executor_svc.delivery.inside.description import marks
from executor_svc.delivery.inside.description import values as out


def annotation(axes: Any, text: Any) -> dict[str, Any]:
    """Where it is, in parts of the axes; an annotation also points somewhere."""
    to_axes = axes.transAxes.inverted().transform
    if hasattr(text, "update_positions"):  # an annotation knows its place as of its last drawing
        text.update_positions(axes.figure.canvas.get_renderer())
    at = to_axes(text.get_transform().transform(text.get_unitless_position()))
    arrow = getattr(text, "arrow_patch", None)
    tip = to_axes(text._get_position_xy(axes.figure.canvas.get_renderer())) if arrow is not None else None
    usual = sys.modules["matplotlib"].rcParams["font.size"]
    return {
        "text": out.text(text.get_text()),
        "at": out.numbers(at),
        "to": out.numbers(tip) if tip is not None else None,
        "ha": text.get_ha(),
        "va": text.get_va(),
        "angle": out.number(text.get_rotation()) or 0,
        "size": out.number(text.get_fontsize() / usual) or 1,
        "bold": text.get_fontweight() in ("bold", "heavy", "black")
        or str(text.get_fontweight()) in ("700", "800", "900"),
    }


def table(axes: Any, drawn: Any) -> dict[str, Any]:
    cells = drawn.get_celld()
    found = drawn.get_window_extent(axes.figure.canvas.get_renderer()).transformed(axes.transAxes.inverted())
    rows, columns = 1 + max(row for row, _ in cells), 1 + max(column for _, column in cells)
    left = min(0, *(column for _, column in cells), 0)
    grid = [["" for _ in range(columns - left)] for _ in range(rows)]
    for (row, column), cell in cells.items():
        grid[row][column - left] = out.text(cell.get_text().get_text())
    return {"rows": grid, "box": out.numbers(found.bounds)}


def legend(drawn: Any) -> dict[str, Any]:
    """Its words and, of each, one mark of its look."""
    handles = drawn.legend_handles
    entries = [
        {"label": out.text(text.get_text()), **_handle(handle)}
        for handle, text in zip(handles, drawn.get_texts(), strict=True)
    ]
    return {
        "title": out.text(drawn.get_title().get_text()) if drawn.get_title().get_visible() else "",
        "entries": entries,
        "columns": int(drawn._ncols),
        "corner": drawn._loc if isinstance(drawn._loc, int) and 0 <= drawn._loc <= 10 else 0,
        "outside": _is_outside(drawn),
    }


def _is_outside(legend: Any) -> bool:
    axes = legend.axes
    if axes is None:
        return True
    own, box = legend.get_window_extent(), axes.get_window_extent()
    return bool(own.x0 >= box.x1 or own.x1 <= box.x0 or own.y0 >= box.y1 or own.y1 <= box.y0)


_BLANK: Mapping[str, Any] = {"color": None, "edge": None, "dash": "none", "marker": "", "area": False}


def _handle(handle: Any) -> Mapping[str, Any]:
    """The look of a legend's entry."""
    modules = sys.modules
    if isinstance(handle, modules["matplotlib.lines"].Line2D):
        return {**_BLANK, **_line_handle(handle)}
    if isinstance(handle, modules["matplotlib.patches"].Patch):
        face, edge = out.color(handle.get_facecolor()), out.color(handle.get_edgecolor())
        return {**_BLANK, "color": face if handle.get_fill() else None, "edge": edge, "area": True}
    if isinstance(handle, modules["matplotlib.collections"].Collection):
        return {**_BLANK, **_collection_handle(handle)}
    return _BLANK


def _line_handle(handle: Any) -> Mapping[str, Any]:
    color = out.color(handle.get_color(), handle.get_alpha())
    dash, marker = marks.dash_of(handle.get_linestyle()), marks.marker_name(handle.get_marker())
    if dash == "none" and marker:
        color = out.color(handle.get_markerfacecolor(), handle.get_alpha()) or color
    return {"color": color, "dash": dash, "marker": marker}


def _collection_handle(handle: Any) -> Mapping[str, Any]:
    kinds = sys.modules["matplotlib.collections"]
    colors = [*handle.get_facecolor(), *handle.get_edgecolor()]
    color = out.color(colors[0]) if colors else None
    if isinstance(handle, kinds.LineCollection):
        return {"color": color, "dash": "-"}
    is_points = isinstance(handle, kinds.PathCollection)
    return {"color": color, "marker": "o" if is_points else "", "area": not is_points}

"""A figure of matplotlib as data: where its axes are, what they say, and the marks in them.

In the program's process, so nothing here is believed elsewhere. What has no description is in `left_out`.
Uses matplotlib and numpy where they are loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from executor_svc.delivery.inside.description import collection, marks, missing, scales, words
from executor_svc.delivery.inside.description import values as out

VERSION = 1
_MOST_AXES = 64


def figure(drawn: Any) -> dict[str, Any]:
    """All of a figure that was just drawn. Raises missing.NotDescribed when it cannot be told at all."""
    all_axes = _axes_of(drawn)
    if len(all_axes) > _MOST_AXES:
        raise missing.NotDescribed(missing.TOO_MANY)
    left_out: list[str] = []
    told = [_axes(one, all_axes, left_out) for one in all_axes]
    if any(len(_inner(one)) < len(one.child_axes) for one in all_axes):
        left_out.append(missing.SECOND_SCALE)
    for kind in ("patches", "lines", "images", "artists"):
        found = [one for one in getattr(drawn, kind) if one is not drawn.patch]
        if found:
            left_out.append(missing.BESIDE)
    return {
        "inches": out.numbers(drawn.get_size_inches()),
        **{key: _words(getattr(drawn, name, None)) for key, name in _HEADINGS.items()},
        "captions": [out.text(one.get_text()) for one in drawn.texts if not _is_heading(drawn, one)],
        "legends": [words.legend(one) for one in drawn.legends],
        "axes": told,
        "left_out": sorted(set(left_out)),
    }


_HEADINGS = {"title": "_suptitle", "x": "_supxlabel", "y": "_supylabel"}


def _is_heading(drawn: Any, text: Any) -> bool:
    return any(getattr(drawn, name, None) is text for name in _HEADINGS.values())


def _words(text: Any) -> str:
    return out.text(text.get_text()) if text is not None else ""


def _axes_of(drawn: Any) -> list[Any]:
    """In the order of making, and after each those inside of it."""
    found = []
    for axes in drawn.axes:
        if axes.get_visible():
            found.append(axes)
            found += _inner(axes)
    return found


def _inner(axes: Any) -> list[Any]:
    """Axes inside of axes; a second scale at their side is kept by matplotlib in the same list."""
    whole = sys.modules["matplotlib.axes"].Axes
    return [inner for inner in axes.child_axes if isinstance(inner, whole) and inner.get_visible()]


def _axes(axes: Any, all_axes: Sequence[Any], left_out: list[str]) -> dict[str, Any]:
    name = axes.name
    if name not in ("rectilinear", "polar"):
        raise missing.NotDescribed(missing.SPACE if name == "3d" else missing.OTHER_AXES)
    told: dict[str, Any] = {"kind": "polar" if name == "polar" else "plain", "place": _place(axes, all_axes)}
    bar = getattr(axes, "_colorbar", None)
    if bar is not None:
        return told | _colorbar(bar, all_axes) | {"kind": "colorbar"}
    titles = [axes.get_title(loc=side) for side in ("left", "center", "right")]
    x, made = scales.of(axes.xaxis), _marks(axes, left_out)
    if (periods := x.pop("periods", None)) is not None:
        _date(x, made, *periods)
    return told | {
        "title": out.text("  ".join(title for title in titles if title)),
        "on": bool(axes.axison),
        "framed": bool(axes.get_frame_on()),
        "equal": axes.get_aspect() != "auto" and float(axes.get_aspect()) == 1,
        "x": x,
        "y": scales.of(axes.yaxis),
        "marks": made,
        "texts": [
            words.annotation(axes, one) for one in axes.texts if one.get_visible() and one.get_text().strip()
        ],
        "tables": [words.table(axes, one) for one in axes.tables],
        "legend": words.legend(axes.get_legend()) if axes.get_legend() is not None else None,
    }


def _marks(axes: Any, left_out: list[str]) -> list[dict[str, Any]]:
    found = []
    for artist in [*axes.images, *axes.collections, *axes.patches, *axes.lines, *axes.artists]:
        if not artist.get_visible():
            continue
        try:
            found += marks.of(axes, artist)
        except missing.NotDescribed as reason:
            left_out.append(str(reason))
        except Exception:
            left_out.append(missing.UNKNOWN_MARK)
    return sorted(found, key=lambda mark: mark["z"])


def _date(x: dict[str, Any], made: list[dict[str, Any]], places: list[float], days: list[float]) -> None:
    """Turn counted periods into days, on the axis and in all marks."""
    interp, nan = sys.modules["numpy"].interp, float("nan")

    def dated(values: list[Any]) -> list[Any]:
        return out.numbers(interp([nan if value is None else value for value in values], places, days))

    x["limits"], x["ticks"] = dated(x["limits"]), dated(x["ticks"])
    for mark in made:
        if "x" in mark:
            mark["x"] = dated(mark["x"])
        if "box" in mark:
            left, right = dated([mark["box"][0], mark["box"][0] + mark["box"][2]])
            mark["box"][0], mark["box"][2] = left, right - left
        for ring in (ring for rings in mark.get("items", ()) for ring in rings):
            for point, day in zip(ring, dated([point[0] for point in ring]), strict=True):
                point[0] = day


def _place(axes: Any, all_axes: Sequence[Any]) -> dict[str, Any]:
    """Over other axes, inside of others, in a cell of a grid, or a part of the figure."""
    whole = axes.get_figure(root=True)
    own = out.numbers(axes.get_position().bounds)
    box = out.numbers(axes.get_window_extent().transformed(whole.transFigure.inverted()).bounds)
    for number, other in enumerate(all_axes):
        if other is axes:
            break
        if axes in other.child_axes:
            inner = axes.get_window_extent().transformed(other.transAxes.inverted())
            return {"how": "inside", "of": number, "box": out.numbers(inner.bounds)}
        for shared, same in (("x", other.get_shared_x_axes()), ("y", other.get_shared_y_axes())):
            if same.joined(axes, other) and out.numbers(other.get_position().bounds) == own:
                return {"how": "over", "of": number, "shared": shared}
    cell = axes.get_subplotspec()
    if cell is not None and getattr(axes, "_colorbars", None):
        cell = cell.get_topmost_subplotspec()  # its own cell was split to make room for a colour bar
    if cell is None or cell.get_topmost_subplotspec() is not cell or axes.figure is not whole:
        return {"how": "box", "box": box}
    grid = cell.get_gridspec()
    return {
        "how": "grid",
        "size": [grid.nrows, grid.ncols],
        "rows": [cell.rowspan.start, cell.rowspan.stop],
        "columns": [cell.colspan.start, cell.colspan.stop],
        "heights": out.numbers(grid.get_height_ratios()),
        "widths": out.numbers(grid.get_width_ratios()),
        "box": box,
    }


def _colorbar(bar: Any, all_axes: Sequence[Any]) -> dict[str, Any]:
    """A colour bar says how values become colours: its ticks lie between 0 and 1."""
    axis = bar.ax.yaxis if bar.orientation == "vertical" else bar.ax.xaxis
    told = scales.of(axis)
    parents = (getattr(bar.ax, "_colorbar_info", None) or {}).get("parents") or [bar.mappable.axes]
    places = bar.norm(sys.modules["numpy"].asarray(told["ticks"], dtype=float)) if told["ticks"] else []
    return {
        "of": [number for number, axes in enumerate(all_axes) if axes in parents],
        "vertical": bar.orientation == "vertical",
        "label": told["label"],
        "ticks": [out.number(value) or 0 for value in places],
        "values": told["ticks"],
        "labels": told["labels"] if told["kind"] == "given" else [],
        "scale": "diverging" if collection.is_diverging(bar.cmap.name) else "sequential",
    }

"""Axes in their places: cells of a grid, over others, within others, or where they were in their figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

Told = Mapping[str, Any]


class Undrawable(Exception):  # noqa: N818 - says what is the case
    """What was told makes no figure; the message says why."""


def placed(figure: Figure, told: Told) -> list[Axes | None]:
    """Those of a figure that was told; None for colour bars, which take their place from others.

    Raises Undrawable.
    """
    plain = [one for one in told["axes"] if one["kind"] != "colorbar"]
    cells = [one["place"] for one in plain if one["place"]["how"] == "grid"]
    grids = {str([cell[key] for key in ("size", "heights", "widths")]) for cell in cells}
    in_grid = len(grids) == 1 and not any(one["place"]["how"] == "box" for one in plain)
    grid = _grid(figure, cells[0]) if in_grid else None
    found: list[Axes | None] = []
    for one in told["axes"]:
        if one["kind"] == "colorbar":
            found.append(None)
        elif one["place"]["how"] in ("over", "inside"):
            found.append(_within_others(one["place"], found))
        else:
            found.append(_alone(figure, one, grid, only=len(plain) == 1))
    return found


def _within_others(place: Told, found: Sequence[Axes | None]) -> Axes:
    base = found[int(place["of"])] if place["of"] < len(found) else None
    if base is None:
        raise Undrawable("axes over what is none")
    if place["how"] == "inside":
        return base.inset_axes(_inside_of_one(place["box"]))
    return base.twinx() if place["shared"] == "x" else base.twiny()


def _alone(figure: Figure, one: Told, grid: GridSpec | None, *, only: bool) -> Axes:
    place, options = one["place"], {"projection": "polar"} if one["kind"] == "polar" else {}
    if grid is not None:
        rows, columns = (slice(*map(int, place[side])) for side in ("rows", "columns"))
        return figure.add_subplot(grid[rows, columns], **options)
    if only:
        return figure.add_subplot(**options)
    return figure.add_axes(_inside_of_one(place["box"]), **options)


def _grid(figure: Figure, place: Told) -> GridSpec:
    rows, columns = map(int, place["size"])
    if len(place["heights"]) != rows or len(place["widths"]) != columns:
        raise Undrawable("a grid whose sides do not fit")
    return GridSpec(
        rows, columns, figure=figure, height_ratios=place["heights"], width_ratios=place["widths"]
    )


def _inside_of_one(box: Sequence[float]) -> tuple[float, float, float, float]:
    """A box (left, bottom, width, height) as far as it lies in the unit square; never without an extent."""
    left, bottom = (min(max(start, 0.0), 0.98) for start in box[:2])
    width, height = (
        min(max(extent, 0.02), 1 - start) for extent, start in zip(box[2:], (left, bottom), strict=True)
    )
    return left, bottom, width, height

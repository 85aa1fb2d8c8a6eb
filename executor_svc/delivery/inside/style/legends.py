"""Words inside of axes: legends with the house's colours, texts and their arrows, small tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from executor_svc.delivery.inside.style.beneath import is_dark
from executor_svc.delivery.inside.style.colours import Colours
from executor_svc.delivery.inside.style.house import House
from executor_svc.delivery.inside.style.words import folded

_ASIDE = 0.2
"""How far outside of its axes a text may begin, in parts of them."""
_LONGEST = 40

Told = Mapping[str, Any]


def within(axes: Axes, told: Told, colours: Colours) -> None:
    """A legend that belongs to axes: in the corner where it was, or beside them."""
    if not told["entries"]:
        return
    place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
    axes.legend(**_contents(told, colours), **(place if told["outside"] else {"loc": int(told["corner"])}))


def beside(figure: Figure, told: Told, colours: Colours) -> None:
    """A legend of the whole figure."""
    if told["entries"]:
        figure.legend(**_contents(told, colours), loc="outside right upper")


def _contents(told: Told, colours: Colours) -> dict[str, Any]:
    entries = told["entries"]
    return {
        "handles": [_handle(entry, colours) for entry in entries],
        "labels": [folded(entry["label"], _LONGEST, 2) or " " for entry in entries],
        "title": folded(told["title"], _LONGEST) or None,
        "ncols": 1 if told["outside"] else int(told["columns"]),
    }


def _handle(entry: Told, colours: Colours) -> Artist:
    edge = colours.edge(entry["edge"]) if entry["edge"] else (0, 0, 0, 0)
    if entry["area"]:
        return Patch(facecolor=colours.area(entry["color"]) if entry["color"] else "none", edgecolor=edge)
    color = colours.stroke(entry["color"]) if entry["color"] else (0, 0, 0, 0)
    return Line2D([], [], color=color, linestyle=entry["dash"], marker=entry["marker"])


def texts(axes: Axes, told: Told, house: House, left_out: list[str]) -> None:
    """Annotations and small tables; what stands far outside of the axes is left out."""
    halo = [patheffects.withStroke(linewidth=2.5, foreground=house.colors["axes"])]
    for one in told["texts"]:
        if not all(-_ASIDE <= place <= 1 + _ASIDE for place in one["at"]):
            left_out.append("a text outside of its axes")
            continue
        if one["to"] is not None:
            arrow = {"arrowstyle": "->", "color": house.colors["text"], "shrinkA": 4, "shrinkB": 2}
            tip = [min(max(place, -_ASIDE), 1 + _ASIDE) for place in one["to"]]
            axes.annotate("", tip, one["at"], "axes fraction", "axes fraction", arrowprops=arrow)
        centred = one["ha"] == "center" and one["va"].startswith("center")
        dark = is_dark(axes, (one["at"][0], one["at"][1])) if centred and not one["angle"] else None
        axes.text(
            *one["at"],
            folded(one["text"], _LONGEST, 4),
            transform=axes.transAxes,
            ha=one["ha"],
            va=one["va"],
            rotation=one["angle"],
            fontsize=0.9 * one["size"] * house.said["font"]["size_pt"],
            fontweight="bold" if one["bold"] else "normal",
            color=house.colors["axes" if dark else "text"],
            path_effects=halo if dark is None else None,
            zorder=1e6,
        )
    for table in told["tables"]:
        _table(axes, table, house)


def _table(axes: Axes, told: Told, house: House) -> None:
    if not told["rows"] or len({len(row) for row in told["rows"]}) != 1 or not told["rows"][0]:
        raise ValueError("a table whose rows differ")
    left, bottom, width, height = told["box"]
    left, bottom = min(max(left, 0), 0.9), min(max(bottom, 0), 0.9)
    box = (left, bottom, min(max(width, 0.1), 1 - left), min(max(height, 0.1), 1 - bottom))
    cells = [[folded(text, _LONGEST) for text in row] for row in told["rows"]]
    for cell in axes.table(cellText=cells, bbox=box, cellLoc="center").get_celld().values():
        cell.set(facecolor=house.colors["axes"], edgecolor=house.colors["grid"], linewidth=0.8)

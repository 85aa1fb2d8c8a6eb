"""Marks that were told, drawn into axes of the house: in its colours, and none as a background."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.path import Path

from executor_svc.delivery.inside.style.colours import Colours, Rgba

_NOTHING = (0.0, 0.0, 0.0, 0.0)
_WHOLE = 0.9
"""Share of the axes from which on a filled area is a background."""
_SPAN = 0.98
"""Share of one side from which on a rectangle is a span, which lets through what is behind it."""
_SPAN_ALPHA = 0.18
_BACKGROUND = "a filled area as large as its axes"

Mark = Mapping[str, Any]
Rings = list[list[list[float]]]


class LeftOut(Exception):  # noqa: N818 - says what happened
    """A mark that is not drawn; the message says why."""


def colors_of(marks: list[Mark]) -> Iterator[str]:
    """All colours that the program gave them, in order."""
    for mark in marks:
        for key in ("color", "edge"):
            if mark.get(key) and mark["k"] != "line":
                yield mark[key]
        if mark["k"] == "line" and mark["color"]:
            yield mark["color"]
        if mark.get("values") is None:
            yield from filter(None, (*mark.get("colors", ()), *mark.get("edges", ())))


def draw(axes: Axes, mark: Mark, colours: Colours) -> None:
    """One mark. Raises LeftOut, ValueError for one whose parts do not fit together."""
    _DRAWN[mark["k"]](axes, mark, colours)


def scale_map(colours: Colours, scale: str) -> LinearSegmentedColormap:
    """The house's scale for values between 0 and 1; what is no number stays empty."""
    made = LinearSegmentedColormap.from_list(
        scale, [colours.scaled(place / 32, scale) for place in range(33)]
    )
    made.set_bad(_NOTHING)
    return made


def _line(axes: Axes, mark: Mark, colours: Colours) -> None:
    if len(mark["x"]) != len(mark["y"]):
        raise ValueError("a line's numbers do not pair")
    color = colours.stroke(mark["color"]) if mark["color"] else _NOTHING
    axes.plot(
        mark["x"],
        mark["y"],
        color=color,
        linewidth=mark["width"],
        linestyle=mark["dash"],
        drawstyle=mark["step"],
        marker=mark["marker"],
        markersize=mark["size"],
        zorder=mark["z"],
    )


def _bar(axes: Axes, mark: Mark, colours: Colours) -> None:
    left, bottom, width, height = mark["box"]
    corners = [
        [left, bottom],
        [left + width, bottom],
        [left + width, bottom + height],
        [left, bottom + height],
    ]
    face = colours.area(mark["color"]) if mark["color"] else _NOTHING
    axes.add_patch(
        Rectangle(
            (left, bottom),
            width,
            height,
            facecolor=_as_mark(axes, [corners], face),
            edgecolor=colours.edge(mark["edge"]) if mark["edge"] else _NOTHING,
            linewidth=mark["width"] if mark["edge"] else 0,
            linestyle=mark["dash"],
            zorder=mark["z"],
        )
    )


def _shapes(axes: Axes, mark: Mark, colours: Colours) -> None:
    faces, edges = _looks(mark, colours, len(mark["items"]))
    paths, drawn_faces, drawn_edges, left_out = [], [], [], 0
    for number, rings in enumerate(mark["items"]):
        if not rings:
            continue
        try:
            face = faces[number % len(faces)] if faces else _NOTHING
            face = face if mark["values"] is not None else _as_mark(axes, rings, face)
        except LeftOut:
            left_out += 1
            continue
        paths.append(_path(rings))
        drawn_faces.append(face)
        drawn_edges.append(edges[number % len(edges)] if edges else _NOTHING)
    drawn = PathCollection(
        paths,
        facecolors=drawn_faces,
        edgecolors=drawn_edges,
        linewidths=[mark["width"]],
        linestyles=["-" if mark["dash"] == "none" else mark["dash"]],
        zorder=mark["z"],
    )
    axes.add_collection(drawn, autolim=False)
    if left_out:
        raise LeftOut(_BACKGROUND)


def _as_mark(axes: Axes, rings: Rings, face: Rgba) -> Rgba:
    """The colour in which an area is a mark and no background. Raises LeftOut when it can be nothing else."""
    if not face[3]:
        return face
    for ring in rings:
        inside = np.clip((axes.transData - axes.transAxes).transform(np.array(ring, dtype=float)), 0, 1)
        x, y = inside.T
        filled = float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)
        across, along = np.ptp(inside, axis=0)
        if filled > _WHOLE:
            raise LeftOut(_BACKGROUND)
        if max(across, along) > _SPAN and filled > _SPAN * across * along:
            face = (*face[:3], min(face[3], _SPAN_ALPHA))
    return face


def _path(rings: Rings) -> Path:
    vertices, codes = [], []
    for ring in rings:
        closed = len(ring) > 2 and ring[0] == ring[-1]
        vertices += ring
        codes += [Path.MOVETO, *[Path.LINETO] * (len(ring) - 1)]
        if closed:
            codes[-1] = Path.CLOSEPOLY
    return Path(np.array(vertices, dtype=float), codes)


def _points(axes: Axes, mark: Mark, colours: Colours) -> None:
    x, y = np.array(mark["x"], dtype=float), np.array(mark["y"], dtype=float)
    if len(x) != len(y) or not mark["sizes"]:
        raise ValueError("points whose numbers do not pair")
    faces, edges = _looks(mark, colours, len(x))
    sizes = np.resize(np.array(mark["sizes"], dtype=float), len(x))
    markers = np.resize(np.array([marker or "o" for marker in mark["markers"] or ["o"]]), len(x))
    for marker in dict.fromkeys(markers):
        chosen = np.flatnonzero(markers == marker)
        looks = [faces[number % len(faces)] for number in chosen] if faces else "none"
        rims = [edges[number % len(edges)] for number in chosen] if edges else "face"
        if faces and marker in "+xX1234|_":
            rims = looks
        axes.scatter(
            x[chosen],
            y[chosen],
            s=sizes[chosen],
            marker=str(marker),
            facecolors=looks if marker not in "+x1234|_" else None,
            edgecolors=rims,
            linewidths=0.5 if faces else 1.2,
            zorder=mark["z"],
        )


def _looks(mark: Mark, colours: Colours, count: int) -> tuple[list[Rgba], list[Rgba]]:
    """Colours of areas and of edges, for item after item; empty for none."""
    if mark["values"] is not None:
        scaled = [colours.scaled(value, mark["scale"] or "sequential") for value in mark["values"][:count]]
        return (scaled, []) if mark["colors"] else ([], scaled)
    faces = [colours.area(color) if color else _NOTHING for color in mark["colors"]]
    edge = colours.edge if faces else colours.stroke
    return faces, [edge(color) if color else _NOTHING for color in mark["edges"]]


def _mesh(axes: Axes, mark: Mark, colours: Colours) -> None:
    axes.pcolormesh(
        np.array(mark["x"]),
        np.array(mark["y"]),
        _grid(mark),
        cmap=scale_map(colours, mark["scale"]),
        vmin=0,
        vmax=1,
        edgecolors=[colours.area("#ffffffff")] if mark["lines"] else "none",
        linewidth=0.5 if mark["lines"] else 0,
        zorder=mark["z"],
    )


def _image(axes: Axes, mark: Mark, colours: Colours) -> None:
    axes.imshow(
        _grid(mark),
        extent=tuple(mark["extent"]),
        cmap=scale_map(colours, mark["scale"]),
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="bilinear" if mark["smooth"] else "nearest",
        zorder=mark["z"],
    )


def _grid(mark: Mark) -> Any:
    return np.ma.masked_invalid(np.array(mark["values"], dtype=float))


_DRAWN: Mapping[str, Callable[[Axes, Mark, Colours], None]] = {
    "line": _line,
    "bar": _bar,
    "shapes": _shapes,
    "points": _points,
    "mesh": _mesh,
    "image": _image,
}

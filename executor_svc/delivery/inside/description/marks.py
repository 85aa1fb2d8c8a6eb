"""What stands inside of axes, as data: each artist becomes one mark, in the axes' data coordinates.

In the program's process, so nothing here is believed elsewhere. Uses matplotlib where it is loaded.
"""

from __future__ import annotations

import sys
from typing import Any

from executor_svc.delivery.inside.description import missing
from executor_svc.delivery.inside.description import values as out
from executor_svc.delivery.inside.description.collection import (
    MARKERS,
    Mark,
    mesh,
    points,
    rings,
    scale_of,
    shapes,
    to_data,
)

_MANY = 4000
"""Points of a line; beyond that it is simplified to what can be seen."""
_CELLS = 512
"""Rows and columns of an image; beyond that each n-th is told."""
_DASHES = {
    "-": "-",
    "--": "--",
    "-.": "-.",
    ":": ":",
    "solid": "-",
    "dashed": "--",
    "dashdot": "-.",
    "dotted": ":",
}


def of(axes: Any, artist: Any) -> list[Mark]:
    """The marks of one visible artist. Raises missing.NotDescribed."""
    kinds = sys.modules
    lines, patches = kinds["matplotlib.lines"], kinds["matplotlib.patches"]
    collections, image = kinds["matplotlib.collections"], kinds["matplotlib.image"]
    if isinstance(artist, lines.Line2D):
        made = [_line(axes, artist)]
    elif isinstance(artist, patches.Patch):
        made = [_patch(axes, artist)]
    elif isinstance(artist, collections.QuadMesh):
        made = [mesh(axes, artist)]
    elif isinstance(artist, collections.PathCollection) and len(artist.get_offsets()):
        made = [points(axes, artist)]
    elif isinstance(artist, collections.Collection):
        made = [shapes(axes, artist)]
    elif isinstance(artist, image.AxesImage):
        made = [_image(artist)]
    else:
        raise missing.NotDescribed(missing.UNKNOWN_MARK)
    for mark in made:
        mark["z"] = out.number(artist.get_zorder()) or 0
    return made


def _line(axes: Any, line: Any) -> Mark:
    xy = line.get_xydata()
    transform = line.get_transform()
    if transform != axes.transData:
        xy = to_data(axes, transform.transform(xy))
    if len(xy) > _MANY and line.get_linestyle() not in ("None", "none", "", " "):
        path = line.get_path().cleaned(transform=transform, simplify=True, curves=False)
        xy = to_data(axes, path.vertices[path.codes != path.STOP])
    dash, marker = line.get_linestyle(), line.get_marker()
    return {
        "k": "line",
        "x": out.numbers(xy[:, 0]),
        "y": out.numbers(xy[:, 1]),
        "color": out.color(line.get_color(), line.get_alpha()),
        "width": out.number(line.get_linewidth()) or 0,
        "dash": dash_of(dash),
        "step": line.get_drawstyle() if line.get_drawstyle().startswith("steps") else "default",
        "marker": marker_name(marker),
        "size": out.number(line.get_markersize()) or 0,
    }


def dash_of(style: Any) -> str:
    """One of four kinds of line, or none."""
    return _DASHES.get(style, "none") if isinstance(style, str) else "--"


def marker_name(marker: Any) -> str:
    """One of the known markers; empty for none."""
    if marker in (None, "None", "none", "", " "):
        return ""
    return marker if isinstance(marker, str) and len(marker) == 1 and marker in MARKERS else "o"


def _patch(axes: Any, patch: Any) -> Mark:
    rectangle = sys.modules["matplotlib.patches"].Rectangle
    face, edge = out.color(patch.get_facecolor()), out.color(patch.get_edgecolor())
    look = {
        "color": face if patch.get_fill() else None,
        "edge": edge if patch.get_linewidth() else None,
        "width": out.number(patch.get_linewidth()) or 0,
        "dash": _DASHES.get(patch.get_linestyle(), "-"),
    }
    if (
        isinstance(patch, rectangle)
        and not patch.get_angle()
        and patch.get_data_transform() == axes.transData
    ):
        box = [patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()]
        return {"k": "bar", "box": [out.number(value) or 0 for value in box], **look}
    if hasattr(patch, "_get_path_in_displaycoord"):  # arrows, whose form depends on the canvas
        paths, _ = patch._get_path_in_displaycoord()
        drawn = [
            ring
            for path in (paths if isinstance(paths, (list, tuple)) else [paths])
            for ring in rings(axes, path)
        ]
    else:
        drawn = rings(axes, patch.get_transform().transform_path(patch.get_path()))
    return {"k": "shapes", "items": [drawn], "values": None, "scale": None, **_many(look)}


def _many(look: Mark) -> Mark:
    """The look of one as that of a collection of one."""
    return {
        "colors": [look["color"]] if look["color"] else [],
        "edges": [look["edge"]] if look["edge"] else [],
        "width": look["width"],
        "dash": look["dash"],
    }


def _image(image: Any) -> Mark:
    array = image.get_array()
    if array is None or array.ndim != 2:
        raise missing.NotDescribed(missing.PICTURE)
    rows, columns = (max(1, -(-size // _CELLS)) for size in array.shape)
    values = image.norm(array[::rows, ::columns])
    if image.origin == "lower":
        values = values[::-1]
    return {
        "k": "image",
        "extent": [out.number(value) or 0 for value in image.get_extent()],
        "values": [out.numbers(row) for row in values],
        "scale": scale_of(image),
        "smooth": image.get_interpolation() not in ("nearest", "none", "antialiased", "auto"),
    }

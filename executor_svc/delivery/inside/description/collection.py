"""Collections of matplotlib as marks: points, meshes, and polygons and lines of any other kind.

In the program's process, so nothing here is believed elsewhere. Uses matplotlib where it is loaded.
"""

from __future__ import annotations

import sys
from typing import Any

from executor_svc.delivery.inside.description import missing
from executor_svc.delivery.inside.description import values as out

Mark = dict[str, Any]
MARKERS = "o.,v^<>12348spP*hH+xXDd|_"
_DIVERGING = (
    *("coolwarm", "bwr", "seismic", "rdbu", "rdylbu", "rdylgn", "piyg", "prgn", "brbg", "puor", "rdgy"),
    *("spectral", "vlag", "icefire", "berlin", "managua", "vanimo"),
)


def to_data(axes: Any, display: Any) -> Any:
    """Points on the canvas → the axes' data coordinates."""
    return axes.transData.inverted().transform(display)


def is_diverging(name: str) -> bool:
    """Whether a colour map is told from its middle, by what it is called."""
    return name.lower().removesuffix("_r").startswith(_DIVERGING)


def scale_of(mappable: Any) -> str:
    """How its values are told apart."""
    return "diverging" if is_diverging(mappable.get_cmap().name) else "sequential"


def rings(axes: Any, display: Any) -> list[list[list[float]]]:
    """A path on the canvas as lines of points; one that is closed ends where it began."""
    path = display.cleaned(curves=False, remove_nans=True)
    found: list[list[list[float]]] = []
    ring: list[list[float]] = []
    vertices = to_data(axes, path.vertices)
    for point, code in zip(vertices, path.codes, strict=True):
        told = [out.number(point[0]), out.number(point[1])]
        if code == path.CLOSEPOLY:
            ring.append(ring[0]) if ring else None
        elif code == path.STOP or None in told:
            continue
        elif code == path.MOVETO:
            ring = [told]  # type: ignore[list-item]
            found.append(ring)
        else:
            ring.append(told)  # type: ignore[arg-type]
    return [ring for ring in found if len(ring) > 1]


def points(axes: Any, collection: Any) -> Mark:
    """Markers at places."""
    offsets = collection.get_offset_transform().transform(collection.get_offsets())
    xy = to_data(axes, offsets)
    paths = collection.get_paths()
    return {
        "k": "points",
        "x": out.numbers(xy[:, 0]),
        "y": out.numbers(xy[:, 1]),
        "sizes": out.numbers(collection.get_sizes()),
        "markers": [_marker_of(path) for path in paths],
        **_colored(collection),
    }


def _marker_of(path: Any) -> str:
    """Which of the known markers has this outline."""
    style = sys.modules["matplotlib.markers"].MarkerStyle
    for name in MARKERS:
        marker = style(name)
        known = marker.get_path().transformed(marker.get_transform())
        if known.vertices.shape == path.vertices.shape and abs(known.vertices - path.vertices).max() < 1e-6:
            return name
    return "o"


def shapes(axes: Any, collection: Any) -> Mark:
    """Polygons and lines of any collection, as its own drawing places them."""
    numpy = sys.modules["numpy"]
    affine = sys.modules["matplotlib.transforms"].Affine2D
    master, paths = collection.get_transform(), collection.get_paths()
    offsets = numpy.ma.filled(numpy.asarray(collection.get_offsets(), dtype=float), numpy.nan)
    has_offsets = len(offsets) > 0 and collection.get_offset_transform() is not None
    moved = collection.get_offset_transform().transform(offsets) if has_offsets else []
    sizes = collection.get_transforms()
    items = []
    for number in range(max(len(paths), len(moved)) if paths else 0):
        path = paths[number % len(paths)]
        if len(sizes):
            path = path.transformed(affine(sizes[number % len(sizes)]))
        path = master.transform_path(path)
        if len(moved) and numpy.isfinite(moved).all():
            path = path.transformed(affine().translate(*moved[number % len(moved)]))
        items.append(rings(axes, path))
    widths, dashes = numpy.atleast_1d(collection.get_linewidth()), collection.get_linestyle()
    return {
        "k": "shapes",
        "items": items,
        **_colored(collection),
        "width": out.number(widths[0]) or 0 if len(widths) else 0,
        "dash": "--" if dashes and dashes[0][1] else "-",
    }


def _colored(collection: Any) -> Mark:
    """Colours of its items, or the values that a colour map colours."""
    array = collection.get_array()
    if array is not None:
        filled = collection._face_is_mapped is not False
        return {
            "values": out.numbers(collection.norm(array).ravel()),
            "scale": scale_of(collection),
            "colors": ["#000000ff"] if filled else [],
            "edges": [] if filled else ["#000000ff"],
        }
    return {
        "values": None,
        "scale": None,
        "colors": [out.color(color) for color in collection.get_facecolor()],
        "edges": [out.color(color) for color in collection.get_edgecolor()],
    }


def mesh(axes: Any, mesh: Any) -> Mark:
    """Cells of a grid; a crooked one becomes polygons."""
    numpy = sys.modules["numpy"]
    grid, array = mesh.get_coordinates(), mesh.get_array()
    straight = numpy.allclose(grid[:1, :, 0], grid[:, :, 0]) and numpy.allclose(grid[:, :1, 1], grid[:, :, 1])
    if array is None or not straight or mesh.get_transform() != axes.transData:
        return shapes(axes, mesh)
    rows, columns = grid.shape[0] - 1, grid.shape[1] - 1
    if array.size != rows * columns:
        raise missing.NotDescribed(missing.BLENDED)
    return {
        "k": "mesh",
        "x": out.numbers(grid[0, :, 0]),
        "y": out.numbers(grid[:, 0, 1]),
        "values": [out.numbers(row) for row in mesh.norm(array).reshape(rows, columns)],
        "scale": scale_of(mesh),
        "lines": bool(len(mesh.get_linewidth()) and mesh.get_linewidth()[0] and len(mesh.get_edgecolor())),
    }

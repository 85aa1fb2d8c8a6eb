"""What colour is behind a text, so that it can be read: of the marks that were drawn into axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.image import AxesImage

_MOST = 4000
"""Marks that are looked through; where there are more, nothing is known."""
_DARK = 0.55
_OPAQUE = 0.5


def is_dark(axes: Axes, at: tuple[float, float]) -> bool | None:
    """Whether the topmost filled mark at a place, in parts of the axes, is dark; None if there is none."""
    place = axes.transAxes.transform(at)
    found = [*axes.images, *axes.collections, *axes.patches]
    if len(found) > _MOST:
        return None
    colors = [
        color
        for artist in sorted(found, key=lambda one: one.get_zorder())
        for color in _at(axes, artist, place)
    ]
    return float(np.dot(colors[-1][:3], (0.2126, 0.7152, 0.0722))) < _DARK if colors else None


def _at(axes: Axes, artist: Any, place: Any) -> Iterator[Any]:
    """Opaque colours of an artist there."""
    x, y = axes.transData.inverted().transform(place)
    if isinstance(artist, QuadMesh):
        grid = artist.get_coordinates()
        yield from _cell(artist, _step(grid[:, 0, 1], y), _step(grid[0, :, 0], x))
    elif isinstance(artist, AxesImage):
        left, right, bottom, top = artist.get_extent()
        rows, columns = artist.get_array().shape
        yield from _cell(artist, _part(y, top, bottom, rows), _part(x, left, right, columns))
    elif isinstance(artist, PathCollection):
        faces, paths = artist.get_facecolor(), artist.get_paths()
        if len(artist.get_offsets()) <= 1 and len(paths) <= _MOST and len(faces):
            yield from (
                faces[n % len(faces)]
                for n, path in enumerate(paths)
                if faces[n % len(faces)][3] > _OPAQUE and path.contains_point((x, y))
            )
    elif (
        hasattr(artist, "contains_point")
        and artist.get_facecolor()[3] > _OPAQUE
        and artist.contains_point(place)
    ):
        yield artist.get_facecolor()


def _cell(artist: Any, row: int | None, column: int | None) -> Iterator[Any]:
    if row is not None and column is not None:
        value = artist.get_array()[row, column]
        if value is not np.ma.masked:
            yield artist.to_rgba(value)


def _step(edges: Any, value: float) -> int | None:
    """Between which two of the edges a value is, whichever way they run."""
    if edges[0] > edges[-1]:
        found = _step(edges[::-1], value)
        return None if found is None else len(edges) - 2 - found
    place = int(np.searchsorted(edges, value)) - 1
    return place if 0 <= place < len(edges) - 1 else None


def _part(value: float, first: float, last: float, parts: int) -> int | None:
    place = int(np.floor((value - first) / (last - first) * parts)) if first != last else -1
    return place if 0 <= place < parts else None

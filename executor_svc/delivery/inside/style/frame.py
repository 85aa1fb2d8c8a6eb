"""What surrounds a figure: margins that nothing can be drawn over, the logo in them, the watermark."""

from __future__ import annotations

import io

import matplotlib.image
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from executor_svc.delivery.inside.style.house import House

_ABOVE_ALL = 1e9
_SEAM = 0.01
"""Inches by which a cover reaches beyond what is shown, for what rounding leaves."""


def inner(house: House, width: float, height: float) -> tuple[float, float]:
    """Of a figure of that size, in inches, the size of what its margins leave."""
    side, bottom, top = _margins(house)
    return width - 2 * side, height - bottom - top


def box(figure: Figure, house: House) -> Bbox:
    """What is shown: the figure, which is the inner part, with its margins around it; in inches."""
    side, bottom, top = _margins(house)
    width, height = figure.get_size_inches()
    return Bbox.from_extents(-side, -bottom, width + side, height + top)


def _margins(house: House) -> tuple[float, float, float]:
    """Inches at each side, below and above: higher where the logo is."""
    margin, logo = house.figure["margin_in"], house.said["logo"]
    high = logo["height_in"] + 2 * margin if logo else margin
    below = logo is not None and logo["corner"].startswith("bottom")
    return margin, high if below else margin, high if logo and not below else margin


def draw(figure: Figure, house: House) -> None:
    """Cover the margins with the background, and put logo and watermark over everything."""
    if house.said["watermark"]:
        _watermark(figure, house)
    side, bottom, top = _margins(house)
    width, height = figure.get_size_inches()
    out = _SEAM
    covers = (
        (-side - out, -bottom - out, side + out, height + bottom + top + 2 * out),
        (width, -bottom - out, side + out, height + bottom + top + 2 * out),
        (-side - out, -bottom - out, width + 2 * (side + out), bottom + out),
        (-side - out, height, width + 2 * (side + out), top + out),
    )
    for left, low, across, along in covers:
        cover = Rectangle(
            (left / width, low / height),
            across / width,
            along / height,
            transform=figure.transFigure,
            facecolor=house.colors["background"],
        )
        cover.set(zorder=_ABOVE_ALL + 1, linewidth=0, antialiased=False, in_layout=False)
        figure.add_artist(cover)
    if house.said["logo"]:
        _logo(figure, house)


def _watermark(figure: Figure, house: House) -> None:
    said, (width, height) = house.said["watermark"], figure.get_size_inches()
    size = min(72 * width / max(len(said["text"]), 4) * 1.1, 18 * height)
    text = figure.text(0.5, 0.5, said["text"], ha="center", va="center", rotation=25, fontsize=size)
    text.set(alpha=said["strength"], color=house.colors["text"], zorder=_ABOVE_ALL, parse_math=False)
    text.set_in_layout(False)


def _logo(figure: Figure, house: House) -> None:
    said, (width, height) = house.said["logo"], figure.get_size_inches()
    pixels = matplotlib.image.imread(io.BytesIO(house.file(said["file"])), format="png")
    margin, high = house.figure["margin_in"], said["height_in"]
    wide = min(high * pixels.shape[1] / pixels.shape[0], width)
    left = 0 if said["corner"].endswith("left") else width - wide
    bottom = -margin - high if said["corner"].startswith("bottom") else height + margin
    axes = figure.add_axes(
        (left / width, bottom / height, wide / width, high / height), zorder=_ABOVE_ALL + 2
    )
    axes.imshow(pixels, aspect="auto", interpolation="lanczos")
    axes.set_axis_off()
    axes.set_in_layout(False)

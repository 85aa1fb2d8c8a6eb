"""A figure that was told, drawn anew under the house style: its marks and words, and nothing else.

Margins, backgrounds, fonts, colours, sizes and formats are the house's. What is told here was checked by
`described`; what still does not fit together is left out, and named.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from executor_svc.delivery.inside.style import frame, legends, marks, scales
from executor_svc.delivery.inside.style.colours import Colours
from executor_svc.delivery.inside.style.house import House, needs_groups
from executor_svc.delivery.inside.style.marks import LeftOut
from executor_svc.delivery.inside.style.placed import Undrawable, placed
from executor_svc.delivery.inside.style.words import folded

_METADATA: Mapping[str, Mapping[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_CAPTIONS = 6

Told = Mapping[str, Any]


def render(house: House, told: Told, form: str) -> tuple[bytes, list[str]]:
    """The figure as `png`, `svg` or `pdf`, and what of it is missing.

    Raises Undrawable.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update(house.rules(_families(house)))
        drawing = _Drawing(house, told)
        try:
            drawing.draw()
            drawing.lay_out()
            content = io.BytesIO()
            whole = frame.box(drawing.figure, house)
            drawing.figure.savefig(content, format=form, metadata=_METADATA[form], bbox_inches=whole)
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, ArithmeticError) as error:
            raise Undrawable(f"what it shows does not fit together ({type(error).__name__})") from error
        return content.getvalue(), sorted(set(drawing.left_out))


def _families(house: House) -> list[str]:
    """The team's own font before the sandbox's."""
    found: list[str] = []
    for name in house.said["font"]["files"]:
        path = house.directory / f"font-{len(found)}"
        path.write_bytes(house.file(name))
        font_manager.fontManager.addfont(path)
        found.append(font_manager.get_font(str(path)).family_name)
    return [*dict.fromkeys(found[:1]), house.said["font"]["family"], "DejaVu Sans"]


class _Drawing:
    """One figure. Use `draw` once."""

    def __init__(self, house: House, told: Told) -> None:
        self._house = house
        self._told = told
        self._colours = Colours(house.colors)
        self.left_out: list[str] = list(told["left_out"])
        self.figure = Figure(figsize=frame.inner(house, *self._size()), layout="constrained")
        FigureCanvasAgg(self.figure)
        self._width = int(house.figure["width_in"] * 72 / (0.55 * house.said["font"]["size_pt"]))

    def draw(self) -> None:
        """All of it."""
        told = self._told
        every = [mark for axes in told["axes"] for mark in axes.get("marks", ())]
        self._colours.expect(marks.colors_of(every))
        axes_of = placed(self.figure, told)
        for axes, one in zip(axes_of, told["axes"], strict=True):
            if axes is not None:
                self._fill(axes, one, _width_of(one, self._width))
        for one in told["axes"]:
            if one["kind"] == "colorbar":
                self._colorbar(one, axes_of)
        self._headings()
        for legend in told["legends"]:
            legends.beside(self.figure, legend, self._colours)
        frame.draw(self.figure, self._house)

    def lay_out(self) -> None:
        """Find the places once; afterwards legends go by the figure and not by all that is saved."""
        self.figure.get_layout_engine().execute(self.figure)
        self.figure.set_layout_engine("none")
        for legend in self.figure.legends:
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=self.figure.transFigure)

    def _size(self) -> tuple[float, float]:
        """The house's, with margins; taller for several rows, and for what was taller than wide."""
        rules, (width, height) = self._house.figure, self._told["inches"]
        rows = max(
            (axes["place"]["size"][0] for axes in self._told["axes"] if axes["place"]["how"] == "grid"),
            default=1,
        )
        if rows <= 1 and height <= width:
            return rules["width_in"], rules["height_in"]
        tall = rules["width_in"] * height / width
        return rules["width_in"], min(max(tall, rules["height_in"]), rules["tallest_in"])

    def _fill(self, axes: Axes, one: Told, width: int) -> None:
        polar = one["kind"] == "polar"
        scales.prepare(axes, one, polar=polar)
        scales.limit(axes, one, polar=polar)
        for mark in one["marks"]:
            try:
                marks.draw(axes, mark, self._colours)
            except (LeftOut, ValueError, TypeError, IndexError) as reason:
                self.left_out.append(
                    str(reason) if isinstance(reason, LeftOut) else "a mark that makes no sense"
                )
        axes.set_aspect("equal" if one["equal"] else "auto")
        scales.label(axes, one, self._house, width, polar=polar)
        scales.limit(axes, one, polar=polar)
        axes.set_title(folded(one["title"], width))
        if any(mark["k"] in ("mesh", "image") for mark in one["marks"]) or one["place"]["how"] == "over":
            axes.grid(visible=False)
        if not one["on"]:
            axes.set_axis_off()
        if not one["framed"] and not polar:
            axes.spines[:].set_visible(False)
        legends.texts(axes, one, self._house, self.left_out)
        if one["legend"] is not None:
            legends.within(axes, one["legend"], self._colours)

    def _colorbar(self, one: Told, axes_of: Sequence[Axes | None]) -> None:
        parents = [axes_of[int(number)] for number in one["of"] if int(number) < len(axes_of)]
        parents = [axes for axes in parents if axes is not None and axes.get_subplotspec() is not None]
        if not parents:
            self.left_out.append("a colour bar of no axes")
            return
        scale = ScalarMappable(Normalize(0, 1), marks.scale_map(self._colours, one["scale"]))
        bar = self.figure.colorbar(scale, ax=parents, location="right" if one["vertical"] else "bottom")
        ticks = [tick for tick in one["ticks"] if 0 <= tick <= 1]
        said = one["labels"] or self._numbers(one["values"])
        if len(ticks) == len(one["ticks"]) == len(said):
            bar.set_ticks(ticks, labels=[folded(text, 20, 2) for text in said])
        else:
            bar.set_ticks([])
        bar.set_label(folded(one["label"], self._width // 2))

    def _numbers(self, values: Sequence[float]) -> list[str]:
        step = min((abs(b - a) for a, b in pairwise(values) if a != b), default=1.0)
        grouped = needs_groups(values)
        return [self._house.short(value, step, grouped=grouped) for value in values]

    def _headings(self) -> None:
        told, small = self._told, 0.85 * self._house.said["font"]["size_pt"]
        if told["title"]:
            self.figure.suptitle(folded(told["title"], self._width))
        captions = [folded(text, self._width, 2) for text in told["captions"] if text.strip()][:_CAPTIONS]
        below = "\n".join([*filter(None, [folded(told["x"], self._width)]), *captions])
        if below:
            self.figure.supxlabel(below, fontsize=small if captions else None)
        if told["y"]:
            self.figure.supylabel(folded(told["y"], self._width // 2))
        if len(told["captions"]) > _CAPTIONS:
            self.left_out.append("texts beside the axes")


def _width_of(one: Told, width: int) -> int:
    """Characters that fit beside axes."""
    place = one["place"]
    if place["how"] != "grid":
        return width
    left, right = place["columns"]
    return max(10, int(width * (right - left) / max(place["size"][1], 1)))

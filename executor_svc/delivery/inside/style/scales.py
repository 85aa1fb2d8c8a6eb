"""One axis of the house: scale, limits, ticks, and how numbers and dates are written at them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib import dates, ticker
from matplotlib.axes import Axes

from executor_svc.delivery.inside.style.house import House, needs_groups
from executor_svc.delivery.inside.style.words import folded

_LONGEST_LABEL = 40
_DAYS = 2_900_000
"""Days from 1970 beyond which a number is no date (year 9999)."""
_TIMES_BELOW_DAYS = 4


class Numbers(ticker.Formatter):  # type: ignore[misc]  # Any outside of the sandbox
    """The house's numbers at ticks: as many decimals as the steps between them need."""

    def __init__(self, house: House, scale: str) -> None:
        self._house = house
        self._even = scale == "linear"

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 - matplotlib's
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All ticks of an axis at once."""
        grouped = needs_groups(values)
        steps = [abs(b - a) for a, b in pairwise(values) if b != a]
        step = min(steps, default=0)
        return [
            self._house.short(value, (step if self._even and step else _own_step(value)), grouped=grouped)
            for value in values
        ]


class Dates(ticker.Formatter):  # type: ignore[misc]  # Any outside of the sandbox
    """The house's dates at ticks."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 - matplotlib's
        return dates.num2date(x).strftime(self._pattern) if abs(x) < _DAYS else ""


def _own_step(value: float) -> float:
    """The place of a number's last digit that counts."""
    digits = f"{abs(value):.6g}".rstrip("0")
    _, _, part = digits.partition(".")
    return float(10 ** -len(part)) if part and "e" not in part else 1.0


def prepare(axes: Axes, told: Mapping[str, Any], *, polar: bool) -> None:
    """Scales first: marks are drawn into them."""
    for name in "xy":
        scale, limits = told[name]["scale"], told[name]["limits"]
        if scale != "linear" and not polar and (min(limits) > 0 or scale == "symlog"):
            getattr(axes, f"set_{name}scale")(scale)


def limit(axes: Axes, told: Mapping[str, Any], *, polar: bool) -> None:
    """The limits that the program's figure had, whatever the marks would ask for."""
    for name in "y" if polar else "xy":
        low, high = told[name]["limits"]
        if low == high:
            low, high = low - 0.5, high + 0.5
        getattr(axes, f"set_{name}lim")(low, high)


def label(axes: Axes, told: Mapping[str, Any], house: House, width: int, *, polar: bool) -> None:
    """Labels, and what stands at ticks."""
    for name in "xy":
        axis, said = getattr(axes, f"{name}axis"), told[name]
        axis.set_label_text(folded(said["label"], width))
        if name == "y" and not polar and said["side"] == "right":
            axis.tick_right()
            axis.set_label_position("right")
        if name == "x" and not polar and said["side"] == "top":
            axis.tick_top()
            axis.set_label_position("top")
        if not polar or name == "y" or said["fixed"]:
            _ticks(axis, said, house)
        if not said["shown"]:
            axis.set_tick_params(labelleft=False, labelright=False, labelbottom=False, labeltop=False)


def _ticks(axis: Any, said: Mapping[str, Any], house: House) -> None:
    if said["kind"] == "given":
        axis.set_ticks(said["ticks"][: len(said["labels"])])
        texts = [folded(text, _LONGEST_LABEL, 2) for text in said["labels"]][: len(said["ticks"])]
        turned = {"rotation": said["angle"]} if said["angle"] and not _fit(axis, texts) else {}
        if turned and 0 < abs(said["angle"]) < 90 and axis.axis_name == "x":
            turned |= {"ha": "right", "rotation_mode": "anchor"}
        axis.set_ticklabels(texts, **turned)
        return
    if said["kind"] == "date" and max(map(abs, said["limits"])) < _DAYS:
        span = abs(said["limits"][1] - said["limits"][0])
        axis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=7))
        axis.set_major_formatter(Dates(house.said["times" if span < _TIMES_BELOW_DAYS else "dates"]))
        axis.set_minor_locator(ticker.NullLocator())
        return
    if said["fixed"]:
        axis.set_ticks([tick for tick in said["ticks"] if math.isfinite(tick)])
    axis.set_major_formatter(Numbers(house, said["scale"]))
    axis.set_minor_formatter(ticker.NullFormatter())


def _fit(axis: Any, texts: Sequence[str]) -> bool:
    """Whether labels stand beside one another without being turned."""
    if axis.axis_name != "x":
        return True
    width = axis.axes.get_window_extent().width / axis.axes.figure.dpi * 72
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    return bool(len(texts) * (longest + 2) * 0.55 * mpl.rcParams["font.size"] < width)

"""One axis as data: its label, scale and limits, and what its ticks say. In the program's process."""

from __future__ import annotations

import sys
from typing import Any

from executor_svc.delivery.inside.description import values as out

_SCALES = ("linear", "log", "symlog", "logit")
_MOST_TICKS = 400
_DATES = (
    "AutoDateFormatter",
    "ConciseDateFormatter",
    "DateFormatter",
    "TimeSeries_DateFormatter",
    "PandasAutoDateFormatter",
)
_NUMBERS = (
    "ScalarFormatter",
    "LogFormatter",
    "LogFormatterSciNotation",
    "LogFormatterMathtext",
    "LogFormatterExponent",
    "EngFormatter",
)


def of(axis: Any) -> dict[str, Any]:
    """What there is to know of it after it was drawn."""
    ticks, labels = _ticks(axis)
    kind = _kind(axis, labels)
    told = {
        "label": out.text(axis.get_label().get_text()) if axis.get_label().get_visible() else "",
        "scale": axis.get_scale() if axis.get_scale() in _SCALES else "linear",
        "limits": out.numbers(axis.get_view_interval()),
        "kind": kind,
        "fixed": type(axis.get_major_locator()).__name__
        in ("FixedLocator", "StrCategoryLocator", "NullLocator"),
        "ticks": ticks,
        "labels": labels if kind == "given" else [],
        "shown": bool(axis.get_visible() and _labelled(axis)),
        "side": axis.get_label_position(),
        "angle": out.number(axis.get_majorticklabels()[0].get_rotation()) or 0 if ticks else 0,
    }
    return _without_periods(axis, told) if getattr(axis.axes, "freq", None) is not None else told


def _ticks(axis: Any) -> tuple[list[float], list[str]]:
    """Places within the limits, and what stands there."""
    low, high = sorted(axis.get_view_interval())
    slack = (high - low) * 1e-6
    found = [
        (out.number(place), out.text(label.get_text()))
        for place, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
        if low - slack <= place <= high + slack
    ][:_MOST_TICKS]
    return [place for place, _ in found if place is not None], [
        text for place, text in found if place is not None
    ]


def _labelled(axis: Any) -> bool:
    told = axis.get_tick_params(which="major")
    sides = ("labelbottom", "labeltop") if axis.axis_name in ("x", "theta") else ("labelleft", "labelright")
    labels = axis.get_majorticklabels()
    hidden = labels and not any(label.get_visible() for label in labels)
    return any(told.get(side, True) for side in sides) and not hidden


def _kind(axis: Any, labels: list[str]) -> str:
    """`number` and `date` are written in the house's way, `given` is the program's own words."""
    formatter, locator = axis.get_major_formatter(), type(axis.get_major_locator()).__name__
    name = type(formatter).__name__
    if name in _DATES or isinstance(formatter, tuple(_classes("matplotlib.dates", _DATES[:3]))):
        return "date"
    if isinstance(formatter, tuple(_classes("matplotlib.ticker", _NUMBERS))):
        return "number"
    said = [label for label in labels if label]
    if said and locator != "FixedLocator" and all(map(_is_number, said)) and name != "StrCategoryFormatter":
        return "number"
    return "given"


def _classes(module: str, names: tuple[str, ...]) -> list[type]:
    loaded = sys.modules.get(module)
    return [getattr(loaded, name) for name in names if hasattr(loaded, name)]


def _is_number(text: str) -> bool:
    return out.number(text.replace("\N{MINUS SIGN}", "-").replace(",", "")) is not None


def _without_periods(axis: Any, told: dict[str, Any]) -> dict[str, Any]:
    """The time axes of pandas count periods; which days those are, their formatter alone knows."""
    if axis.axis_name != "x" or type(axis.get_major_formatter()).__name__ != "TimeSeries_DateFormatter":
        return told
    pandas, dates = sys.modules["pandas"], sys.modules["matplotlib.dates"]
    freq = axis.axes.freq

    def day(place: float) -> float | None:
        whole = int(place // 1)
        first, after = (pandas.Period(ordinal=n, freq=freq).to_timestamp() for n in (whole, whole + 1))
        return out.number(
            dates.date2num(first) + (place - whole) * (dates.date2num(after) - dates.date2num(first))
        )

    places = _through(told["limits"])
    return told | {"kind": "date", "labels": [], "periods": (places, [day(place) for place in places])}


def _through(limits: list[float | None]) -> list[float]:
    """Whole numbers from before the first to after the last, at most some hundreds."""
    low, high = sorted(limit or 0 for limit in limits)
    first, last = int(low // 1), int(-(-high // 1)) + 1
    step = max(1, (last - first) // 240)
    return [*range(first, last, step), last]

"""Bars as rectangles, and the same figures as words. Knows geometry; must not know what is counted.

Rectangles lie in a box of 100 by 100 that a page may stretch; what is written stands beside it as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

GAP: Final = 0.15
"""Of a bar's width, between it and the next."""
_STEPS: Final = (1, 2, 5, 10)


@dataclass(frozen=True)
class Series:
    """One colour. `look` is its CSS class: good, wait, bad, one, two."""

    name: str
    look: str


@dataclass(frozen=True)
class Bar:
    """One place on the axis: a value for each series, stacked in their order."""

    label: str
    values: tuple[float, ...]
    words: tuple[str, ...] = ()
    """What the table says instead of the values."""
    href: str = ""

    @property
    def total(self) -> float:
        """Its length."""
        return sum(self.values)


@dataclass(frozen=True)
class Rect:
    """In percent of the box, rounded so that a page stays small."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str


@dataclass(frozen=True)
class Chart:
    """Bars of the same series. `write` makes words of a value."""

    title: str
    series: tuple[Series, ...]
    bars: tuple[Bar, ...]
    write: Callable[[float], str]
    note: str = ""
    name: str = "Time"
    """What the bars are, as the table's first column says."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not any(bar.total for bar in self.bars)

    @property
    def top(self) -> float:
        """What the box's height, or width, stands for: a round number."""
        return _round_up(max((bar.total for bar in self.bars), default=0))

    @property
    def top_words(self) -> str:
        """The same, for the axis."""
        return self.write(self.top)

    @property
    def columns(self) -> list[Rect]:
        """Bars beside one another, from the bottom up."""
        width = 100 / max(1, len(self.bars))
        return [
            Rect(
                _r(n * width + width * GAP / 2),
                _r(100 - end),
                _r(width * (1 - GAP)),
                _r(end - begin),
                look,
                title,
            )
            for n, bar in enumerate(self.bars)
            for begin, end, look, title in self._stacked(bar)
        ]

    def row(self, bar: Bar) -> list[Rect]:
        """One bar by itself, from the left."""
        return [Rect(_r(a), 0, _r(b - a), 100, look, title) for a, b, look, title in self._stacked(bar)]

    def cells(self, bar: Bar) -> Sequence[str]:
        """What the table says of a bar, a word for each series."""
        return bar.words or tuple(map(self.write, bar.values))

    @property
    def told(self) -> list[Bar]:
        """The bars of which the table tells."""
        return [bar for bar in self.bars if bar.total]

    def _stacked(self, bar: Bar) -> Iterator[tuple[float, float, str, str]]:
        below = 0.0
        for series, value, words in zip(self.series, bar.values, self.cells(bar), strict=True):
            if value > 0:
                begin, end = below * 100 / self.top, (below + value) * 100 / self.top
                yield begin, end, series.look, f"{bar.label}: {words} {series.name}"
            below += value


def count(value: float) -> str:
    """`1,234`."""
    return f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """`120 ms`, `3.4 s`, `12 min`, `5.0 h`, `3 days`; a dash for none."""
    if seconds is None:
        return "–"
    for unit, size, until in (("ms", 0.001, 1), ("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < until:
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 and unit != "ms" else f"{value:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def percent(value: float | None) -> str:
    """`12.5 %`; a dash for none."""
    return "–" if value is None else f"{value * 100:.1f} %"


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if value <= step * power * (1 + 1e-9))


def _r(value: float) -> float:
    return round(value, 2)

"""A program's colours become the house's: equal ones stay equal, different ones different.

Pure arithmetic on #rrggbb; standard library only.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_Kind = tuple[float, float]
Rgba = tuple[float, float, float, float]
_GREY = 0.08
"""Saturation below which a colour is no colour."""
_PALE = 0.9
_SAME = 0.012
"""Distance of hues and lightnesses, from 0 to 1, below which two colours are one."""
_ROUNDS = 3
"""How often the palette is gone through, each time paler."""


class Colours:
    """The mapping of one figure: colours become the palette's in the order in which they are asked for."""

    def __init__(self, house: Mapping[str, Any]) -> None:
        self._house = house
        self._seen: list[_Kind] = []
        self._shades = False

    def expect(self, colors: Iterable[str]) -> None:
        """Tell all colours of a figure first: more than the palette can tell apart become shades."""
        kinds: list[_Kind] = []
        for color in dict.fromkeys(color[:7] for color in colors):
            if not _is_grey(color):
                _number(_kind(color), kinds)
            if len(kinds) > _ROUNDS * len(self._house["palette"]):
                self._shades = True
                return

    def area(self, told: str) -> Rgba:
        """Of something that is filled."""
        if _is_grey(told) and _lightness(told) > _PALE:
            return (*_rgb(self._house["axes"]), _alpha(told))
        return (*self._of(told), _alpha(told))

    def edge(self, told: str) -> Rgba:
        """Of the line around an area, which is often there to set it apart."""
        if _is_grey(told) and _lightness(told) > _PALE:
            return self.area(told)
        return self.stroke(told)

    def stroke(self, told: str) -> Rgba:
        """Of a line: what is black or grey is the colour of text."""
        if _is_grey(told):
            return (*_rgb(self._house["text"]), _alpha(told))
        return (*self._of(told), _alpha(told))

    def scaled(self, share: float, scale: str) -> Rgba:
        """Of a value between 0 and 1, on one of the house's two scales; nothing for what is no number."""
        if math.isnan(share):
            return (0.0, 0.0, 0.0, 0.0)
        stops: Sequence[str] = self._house[scale]
        place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
        low = min(int(place), len(stops) - 2)
        return (*_mixed(_rgb(stops[low]), _rgb(stops[low + 1]), place - low), 1.0)

    def _of(self, told: str) -> tuple[float, float, float]:
        palette: Sequence[str] = self._house["palette"]
        if self._shades:
            return self.scaled(1 - _lightness(told), "sequential")[:3]
        number = _number(_kind(told), self._seen)
        base = _rgb(palette[number % len(palette)])
        return _mixed(base, _rgb(self._house["axes"]), min(number // len(palette), _ROUNDS - 1) * 0.35)


def _kind(told: str) -> _Kind:
    """Colours of one hue and lightness are one: libraries desaturate what fills an area."""
    hue, lightness, _ = colorsys.rgb_to_hls(*_rgb(told))
    return (-1.0 if _is_grey(told) else hue, lightness)


def _number(kind: _Kind, known: list[_Kind]) -> int:
    """Which of those known it is; it becomes known."""
    for number, (hue, lightness) in enumerate(known):
        if abs(hue - kind[0]) < _SAME and abs(lightness - kind[1]) < _SAME:
            return number
    known.append(kind)
    return len(known) - 1


def _is_grey(told: str) -> bool:
    rgb = _rgb(told)
    return max(rgb) - min(rgb) < _GREY


def _lightness(told: str) -> float:
    red, green, blue = _rgb(told)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _alpha(color: str) -> float:
    return int(color[7:9], 16) / 255 if len(color) > len("#rrggbb") else 1.0


def _mixed(one: Sequence[float], other: Sequence[float], share: float) -> tuple[float, float, float]:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=False))
    return red, green, blue

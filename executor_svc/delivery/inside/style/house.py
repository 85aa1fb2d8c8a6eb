"""The house style in the cell that draws: what was resolved outside, as rules for matplotlib and for numbers.

Trusted. The style is JSON from our own side (placet/scope/style.py), with its files inside.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

FILE: Final = "house style"
"""What it is called among the order's files; no companion can be called so."""
_GROUPED_FROM: Final = 10_000


@dataclass(frozen=True)
class House:
    """All that a style says. Lengths in inches, sizes of fonts in points."""

    said: Mapping[str, Any]
    directory: Path
    """Where a font can be put."""

    @classmethod
    def read(cls, document: Path) -> Self:
        """What our own side wrote."""
        return cls(json.loads(document.read_bytes()), document.parent)

    @property
    def figure(self) -> Mapping[str, Any]:
        """width_in, height_in, tallest_in, dpi, margin_in."""
        found: Mapping[str, Any] = self.said["figure"]
        return found

    @property
    def colors(self) -> Mapping[str, Any]:
        """background, axes, text, grid, palette, sequential, diverging."""
        found = self.said["colors"]
        return {**found, "axes": found["axes"] or found["background"]}

    def file(self, name: str) -> bytes:
        """A companion that the style names."""
        return base64.b64decode(self.said["files"][name])

    def rules(self, families: Sequence[str]) -> Mapping[str, Any]:
        """Settings of matplotlib: the sheet's, and over them the style's own."""
        colors, size = self.colors, self.said["font"]["size_pt"]
        frame = {
            f"axes.spines.{side}": side in self.said["frame"] for side in ("left", "right", "top", "bottom")
        }
        texts = (
            "text.color",
            "axes.labelcolor",
            "axes.titlecolor",
            "xtick.color",
            "ytick.color",
            "axes.edgecolor",
        )
        sizes = {f"{axis}tick.labelsize": 0.9 * size for axis in "xy"} | {"axes.titlesize": 1.2 * size}
        return {
            "axes.axisbelow": True,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "legend.framealpha": 0.85,
            "legend.fancybox": False,
            "legend.fontsize": 0.9 * size,
            "lines.linewidth": 1.8,
            "figure.titlesize": 1.3 * size,
            "figure.titleweight": "bold",
            **sizes,
            **self.said["sheet"],
            **frame,
            **dict.fromkeys(texts, colors["text"]),
            **{f"{axis}tick.labelcolor": colors["text"] for axis in "xy"},
            "figure.facecolor": colors["background"],
            "savefig.facecolor": colors["background"],
            "axes.facecolor": colors["axes"],
            "legend.facecolor": colors["axes"],
            "legend.edgecolor": colors["axes"],
            "grid.color": colors["grid"],
            "axes.grid": self.said["grid"] != "none",
            "axes.grid.axis": self.said["grid"] if self.said["grid"] != "none" else "both",
            "figure.dpi": self.figure["dpi"],
            "savefig.dpi": self.figure["dpi"],
            "font.family": list(families),
            "font.size": size,
            "axes.prop_cycle": f"cycler('color', {[color.removeprefix('#') for color in colors['palette']]})",
            "svg.hashsalt": "placet",
            "svg.fonttype": "path",
            "pdf.compression": 6,
            "path.simplify": True,
            "text.usetex": False,
        }

    def number(self, value: float, decimals: int, *, grouped: bool) -> str:
        """A number as the house writes it, with so many decimals."""
        numbers = self.said["numbers"]
        whole, _, part = f"{abs(value):.{decimals}f}".partition(".")
        if grouped:
            whole = f"{int(whole):,}".replace(",", numbers["thousands"])
        sign = (
            "-"
            if value < 0 and (int(whole.replace(numbers["thousands"], "") or 0) or part.strip("0"))
            else ""
        )
        return sign + whole + (numbers["decimal"] + part if part else "")

    def short(self, value: float, step: float, *, grouped: bool) -> str:
        """A number on an axis, with as many decimals as steps between ticks need."""
        if not math.isfinite(value):
            return ""
        if value and (abs(value) < 1e-5 or abs(value) >= 1e15):
            return f"{value:.3g}".replace(".", self.said["numbers"]["decimal"])
        decimals = max(0, min(8, -math.floor(math.log10(step) + 1e-9))) if step > 0 else 0
        while decimals < 8 and step > 0 and abs(round(step, decimals) - step) > 1e-6 * step:
            decimals += 1
        return self.number(value, decimals, grouped=grouped).replace("-", "\N{MINUS SIGN}")


def needs_groups(values: Sequence[float]) -> bool:
    """Whether thousands are set apart: not for years, and not in one number of a column alone."""
    return any(math.isfinite(value) and abs(value) >= _GROUPED_FROM for value in values)

"""Numbers, colours and texts of matplotlib as JSON has them. In the program's process."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

LONGEST = 300
"""Characters of a text that is told."""


def number(value: Any) -> float | None:
    """Nine significant digits; None for what is no finite number."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return float(f"{found:.9g}") if math.isfinite(found) else None


def numbers(values: Iterable[Any]) -> list[float | None]:
    """Of an array, in which what is masked is None."""
    masked = getattr(values, "filled", None)
    if masked is not None:
        values = values.astype(float).filled(math.nan)  # type: ignore[attr-defined]
    tolist = getattr(values, "tolist", None)
    return [number(value) for value in (tolist() if tolist else values)]


def color(value: Any, alpha: Any = None) -> str | None:
    """#rrggbbaa; None for what cannot be seen."""
    colors = sys.modules["matplotlib.colors"]
    found: str = colors.to_hex(colors.to_rgba(value, alpha), keep_alpha=True)
    return None if found.endswith("00") and len(found) == len("#rrggbbaa") else found


def text(value: Any) -> str:
    """At most LONGEST characters."""
    return str(value)[:LONGEST]

"""A proportion that was counted, and how sure it is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Share:
    """`hits` of `n`."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """None for no observations."""
        return self.hits / self.n if self.n else None

    @property
    def wilson95(self) -> tuple[float, float]:
        """Between which values it lies, at 95 %; (0, 1) for no observations."""
        return wilson(self.hits, self.n)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson score interval of a proportion at 95 % (Wilson 1927); (0, 1) for no observations."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = successes / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)

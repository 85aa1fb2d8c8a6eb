"""How durations are spread, in a few dozen numbers however many there are. Knows arithmetic only.

Durations fall into steps that are a quarter longer each, so a percentile is right to within an eighth, and
spreads add up to the spread of all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, Self

LEAST_S: Final = 0.001
STEP: Final = 1.25
MOST_S: Final = 366 * 86_400.0


class Spread:
    """Durations in seconds, each with the number of those for which it stands."""

    def __init__(self) -> None:
        self._steps: defaultdict[int, float] = defaultdict(float)

    def add(self, seconds: float, weight: float = 1.0) -> None:
        """One more; shorter than a millisecond counts as that, longer than a year as that."""
        held = min(max(seconds, LEAST_S), MOST_S)
        self._steps[round(math.log(held / LEAST_S, STEP))] += weight

    @classmethod
    def of(cls, spreads: Iterable[Spread]) -> Self:
        """All of them together."""
        whole = cls()
        for spread in spreads:
            for step, weight in spread._steps.items():
                whole._steps[step] += weight
        return whole

    @property
    def number(self) -> float:
        """How many durations, as far as they were counted."""
        return sum(self._steps.values())

    def percentile(self, percent: float) -> float | None:
        """Seconds within which that part of them lies; None without any."""
        wanted, passed = self.number * percent / 100, 0.0
        for step in sorted(self._steps):
            passed += self._steps[step]
            if passed >= wanted:
                return LEAST_S * STEP**step
        return None

"""How much of something was used within the last minute, hour or day (docs/quotas.md §2.5).

Knows amounts and moments; must not know what they are of. Memory is bounded by the number of steps.
"""

from __future__ import annotations

from typing import Final

STEPS: Final = 60
"""A window is kept in so many steps: what was used counts until its step lies a whole window back."""


class Window:
    """A sum over the last `length_s` seconds. Moments are seconds since the epoch and never go back."""

    def __init__(self, length_s: float) -> None:
        self._step_s = length_s / STEPS
        self._amounts: dict[int, int] = {}
        """Step → what was used in it, in order."""
        self._total = 0

    def add(self, now: float, amount: int) -> None:
        """Use something, now."""
        step = self._settle(now)
        self._amounts[step] = self._amounts.get(step, 0) + amount
        self._total += amount

    def used(self, now: float) -> int:
        """What counts at this moment."""
        self._settle(now)
        return self._total

    def free_after_s(self, now: float, at_most: int) -> float:
        """Seconds until no more than `at_most` counts, if nothing more is used meanwhile."""
        self._settle(now)
        left, last = self._total, None
        for step, amount in self._amounts.items():
            if left <= at_most:
                break
            left, last = left - amount, step
        return 0.0 if last is None else (last + STEPS + 1) * self._step_s - now

    def _settle(self, now: float) -> int:
        """Forget the steps of which all lies a whole window back; the step of now."""
        current = int(now // self._step_s)
        while self._amounts and (oldest := next(iter(self._amounts))) < current - STEPS:
            self._total -= self._amounts.pop(oldest)
        return current

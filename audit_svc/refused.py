"""Which refusals get a record of their own, lest a flood of them fill the log (docs/quotas.md §3.3).

Knows callers, limits and moments. Its memory is bounded by the callers that were refused within a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

EVERY_S: Final = 60.0
"""One record for each caller and limit in this time."""

Key = tuple[str, str]
"""Caller and limit."""


@dataclass
class _Told:
    at: float
    untold: int = 0


class Refusals:
    """Counts what is not told at once."""

    def __init__(self) -> None:
        self._told: dict[Key, _Told] = {}
        """In the order in which they were told."""

    def take(self, key: Key, now: float) -> int | None:
        """A refusal: how many before it are untold if it is to be recorded now; None if it only counts."""
        told = self._told.get(key)
        if told and now - told.at < EVERY_S:
            told.untold += 1
            return None
        self._told.pop(key, None)
        self._told[key] = _Told(now)
        return told.untold if told else 0

    def due(self, now: float) -> Iterator[tuple[Key, int]]:
        """What was counted a minute ago and must be told now: how often each was refused meanwhile."""
        while self._told and now - next(iter(self._told.values())).at >= EVERY_S:
            key, told = next(iter(self._told.items()))
            del self._told[key]
            if told.untold:
                self._told[key] = _Told(now)
                yield key, told.untold

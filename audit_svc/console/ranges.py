"""Stretches of time that the overview shows, each in some thirty bars. Knows the clock only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from audit_svc.console.hours import DAY, HOUR, day_of, hour_of


@dataclass(frozen=True)
class Range:
    """A stretch of time up to now, in bars."""

    name: str
    """As it stands in the URL; `since=NAME` on the requests' page means the same."""
    words: str
    bars: int
    step: timedelta

    def starts(self, now: datetime) -> list[datetime]:
        """When its bars begin; the last ends with the present hour, or day where bars are of whole days."""
        end = day_of(now) + DAY if self.step >= DAY else hour_of(now) + HOUR
        return [end - self.step * (self.bars - n) for n in range(self.bars)]


RANGES: Final = (
    Range("24h", "24 hours", 24, HOUR),
    Range("7d", "7 days", 28, 6 * HOUR),
    Range("30d", "30 days", 30, DAY),
    Range("90d", "90 days", 30, 3 * DAY),
)


def chosen(name: str) -> Range:
    """The range of a URL; the first for any other word."""
    return next((each for each in RANGES if each.name == name), RANGES[0])

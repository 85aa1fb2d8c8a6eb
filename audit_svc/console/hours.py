"""What happened, by the hour: verdicts, reasons, how long it took, how long people were waited for.

Knows which records count for what. Must not know charts or databases. What happens is counted as it happens;
what happened before is counted back (earlier.py), piece by piece, and added.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from audit_svc.console.case import is_for_people
from audit_svc.console.course import ASIDE, Course, Milestone
from audit_svc.console.spread import Spread
from placet.audit.columns import rules_of
from placet.audit.ocsf_objects import number, text
from placet.audit.reader import Entry
from placet.audit.record import Record

DAYS: Final = 90
MAX_UNDER_WAY: Final = 20_000
"""Requests whose beginning is remembered."""
MAX_OPEN: Final = 10_000
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass
class Hour:
    """One hour, or several together."""

    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(scope, verdict)."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Rules that findings of a verdict DENIED name."""
    to_verdict: Spread = field(default_factory=Spread)
    """From a request's first record to its first verdict."""
    to_end: Spread = field(default_factory=Spread)
    """From a request's first record to its end, without those that waited for people."""
    waited: Spread = field(default_factory=Spread)
    """From NEEDS_REVIEW to the decision of people, at the time of the decision."""

    @classmethod
    def of(cls, hours: Iterable[Hour]) -> Self:
        """All of them together."""
        listed = list(hours)
        whole = cls(
            to_verdict=Spread.of(hour.to_verdict for hour in listed),
            to_end=Spread.of(hour.to_end for hour in listed),
            waited=Spread.of(hour.waited for hour in listed),
        )
        for hour in listed:
            whole.verdicts.update(hour.verdicts)
            whole.reasons.update(hour.reasons)
        return whole

    def reached(self, milestone: Milestone, seconds: float, weight: float = 1.0) -> None:
        """A request got there."""
        (self.to_verdict if milestone == "to_verdict" else self.to_end).add(seconds, weight)

    def of_verdict(self, verdict: str) -> int:
        """How many verdicts say so."""
        return sum(count for (_, said), count in self.verdicts.items() if said == verdict)


@dataclass(frozen=True)
class Waiting:
    """A verdict NEEDS_REVIEW about which nobody has decided."""

    since: datetime
    request_id: str


@dataclass(frozen=True)
class Piece:
    """What was counted back of a range of records: all that began in one hour."""

    low: int
    at: datetime
    """The hour."""
    hour: Hour
    waiting: tuple[tuple[int, Waiting], ...] = ()
    decided: tuple[tuple[datetime, float], ...] = ()
    """(when, after how many seconds) people decided about what began to wait in this range."""


class Hours:
    """The last DAYS days. `left` is how many of the log's oldest records are not counted yet."""

    def __init__(self) -> None:
        self._hours: defaultdict[datetime, Hour] = defaultdict(Hour)
        self._days: defaultdict[datetime, Hour] = defaultdict(Hour)
        """The same by the day: long ranges are made of these."""
        self._courses: OrderedDict[str, Course] = OrderedDict()
        self._next = 0
        self.left = 0
        self.counted_since: datetime | None = None
        """Before this hour's end not all is counted; None: everything is."""
        self.waiting: dict[int, Waiting] = {}

    def begin(self, size: int) -> None:
        """Count from `size` on as it happens; `add` gives what was before."""
        self._next = self.left = size

    def add(self, piece: Piece) -> None:
        """What was counted back."""
        for kept, at in ((self._hours, piece.at), (self._days, day_of(piece.at))):
            kept[at] = Hour.of([kept[at], piece.hour])
        for when, seconds in piece.decided:
            for counted in self._at(when):
                counted.waited.add(seconds)
        self.waiting.update(piece.waiting)
        self.left, self.counted_since = piece.low, piece.at

    def done(self) -> None:
        """Nothing that is to be counted is left."""
        self.left, self.counted_since = 0, None

    def follow(self, entry: Entry, record: Record) -> None:
        """See live.Part. Each record is counted once."""
        if entry.index < self._next:
            return
        self._next = entry.index + 1
        time = datetime.fromisoformat(entry.time)
        if hour_of(time) not in self._hours:
            self._forget(time)
        self._count_times(entry, time)
        if record.kind == "verdict_reached":
            for counted in self._at(time):
                counted.verdicts[entry.scope, entry.verdict] += 1
                counted.reasons.update(rules_of(record) if entry.verdict == "DENIED" else ())
            self._count_reviews(entry, record, time)

    def between(self, since: datetime, until: datetime) -> Hour:
        """Everything from the hour of `since` on, up to that of `until`, which is not part of it."""
        first, last = hour_of(since), hour_of(until)
        whole_days = first == day_of(first) and last == day_of(last)
        kept, step = (self._days, DAY) if whole_days else (self._hours, HOUR)
        starts = (first + n * step for n in range((last - first) // step))
        return Hour.of(kept[at] for at in starts if at in kept)

    def _at(self, time: datetime) -> tuple[Hour, Hour]:
        """What is counted at a time: its hour and its day."""
        return self._hours[hour_of(time)], self._days[day_of(time)]

    def _count_times(self, entry: Entry, time: datetime) -> None:
        if not entry.request_id or entry.kind in ASIDE:
            return
        course = self._courses.get(entry.request_id)
        if course is None:
            self._courses[entry.request_id] = Course.from_first(entry.kind, time, entry.verdict)
            if len(self._courses) > MAX_UNDER_WAY:
                self._courses.popitem(last=False)
        elif reached := course.step(entry.kind, time, entry.verdict):
            for counted in self._at(time):
                counted.reached(*reached)

    def _count_reviews(self, entry: Entry, record: Record, time: datetime) -> None:
        if is_for_people(entry, record):
            self.waiting[entry.index] = Waiting(time, entry.request_id)
        elif text(record.body, "decided_by").startswith("human:"):
            named = number(record.body, "reviewed_index")
            for index, waiting in list(self.waiting.items()):
                if index == named or (named is None and waiting.request_id == entry.request_id):
                    seconds = (time - self.waiting.pop(index).since).total_seconds()
                    for counted in self._at(time):
                        counted.waited.add(seconds)

    def _forget(self, now: datetime) -> None:
        """Once an hour: what is too old, and the oldest of what is too much."""
        oldest = day_of(now - timedelta(days=DAYS))
        for kept in (self._hours, self._days):
            for at in [at for at in kept if at < oldest]:
                del kept[at]
        for index in sorted(self.waiting)[:-MAX_OPEN]:
            del self.waiting[index]


def hour_of(time: datetime) -> datetime:
    """When the hour of a time began."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(time: datetime) -> datetime:
    """When the day of a time began, in UTC."""
    return hour_of(time).replace(hour=0)

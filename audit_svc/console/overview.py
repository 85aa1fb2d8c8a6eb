"""The overview's charts and figures, made of hours. Knows what is worth seeing; must not know HTML.

Cheap to make: everything is counted already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from audit_svc.console.characters import spelled
from audit_svc.console.chart import Bar, Chart, Series, count, duration
from audit_svc.console.hours import DAY, Hour, Hours
from audit_svc.console.judgement import Judgement
from audit_svc.console.ranges import Range
from audit_svc.console.sample import Sample
from audit_svc.console.spread import Spread
from placet.audit.labels import Label
from placet.proportion import Share

VERDICTS: Final = (
    ("ALLOWED", Series("allowed", "good")),
    ("NEEDS_REVIEW", Series("for review", "wait")),
    ("DENIED", Series("denied", "bad")),
)
SHOWN_ROWS: Final = 10
_LOOKS: Final = ("scope-1", "scope-2", "scope-3", "scope-4", "scope-5")
_SPREAD: Final = (Series("half within", "one"), Series("95 of 100 within", "two"))


@dataclass(frozen=True)
class Waits:
    """What waits for people now."""

    number: int
    oldest_s: float | None

    @property
    def words(self) -> str:
        """Of the oldest."""
        return f"the oldest for {duration(self.oldest_s)}" if self.number else "nobody is waited for"


@dataclass(frozen=True)
class Known:
    """What the console knows of the log by the time that somebody looks."""

    hours: Hours
    waiting_since: Sequence[datetime]
    """Of each verdict that waits for people."""
    labels: Sequence[Label]
    sample: Sample


class View:
    """A range of hours as charts."""

    def __init__(self, known: Known, shown: Range, now: datetime) -> None:
        self._known, self._range, self._now = known, shown, now
        self._starts = shown.starts(now)
        self._bars = [known.hours.between(start, start + shown.step) for start in self._starts]
        self._whole = Hour.of(self._bars)
        given = ((datetime.fromisoformat(label.time), label) for label in known.labels)
        self._labels = [(time, label) for time, label in given if time >= self._starts[0]]

    @property
    def verdicts(self) -> int:
        """All of the range."""
        return self._whole.verdicts.total()

    @property
    def denied(self) -> Share:
        """Of the range's verdicts."""
        return Share(self._whole.of_verdict("DENIED"), self.verdicts)

    @property
    def waits(self) -> Waits:
        """Whatever the range."""
        since = self._known.waiting_since
        return Waits(len(since), (self._now - min(since)).total_seconds() if since else None)

    @property
    def to_verdict(self) -> tuple[str, str]:
        """Half, and 95 of 100, of the range's requests were judged within that time."""
        spread = self._whole.to_verdict
        return duration(spread.percentile(50)), duration(spread.percentile(95))

    @property
    def by_time(self) -> Chart:
        """Verdicts."""
        bars = [
            Bar(label, tuple(float(hour.of_verdict(verdict)) for verdict, _ in VERDICTS))
            for label, hour in self._labelled()
        ]
        return Chart("Verdicts", _series(), tuple(bars), count)

    @property
    def scopes_by_time(self) -> Chart:
        """Verdicts of the scopes with most of them, and of all others together."""
        first = [scope for scope, _ in self._sums.most_common(len(_LOOKS))]
        others = [scope for scope in self._sums if scope not in first]
        series = [Series(_name(scope), look) for scope, look in zip(first, _LOOKS, strict=False)]
        if others:
            series.append(Series("all others", "others"))
        bars = []
        for label, hour in self._labelled():
            sums = _by_scope(hour)
            rest = [float(sum(sums[scope] for scope in others))] if others else []
            bars.append(Bar(label, (*(float(sums[scope]) for scope in first), *rest)))
        return Chart("Verdicts by scope over time", tuple(series), tuple(bars), count)

    @cached_property
    def _sums(self) -> Counter[str]:
        return _by_scope(self._whole)

    @property
    def by_scope(self) -> Chart:
        """Verdicts of the scopes with most of them."""
        sums = self._sums
        bars = [
            Bar(
                _name(scope),
                tuple(float(self._whole.verdicts[scope, verdict]) for verdict, _ in VERDICTS),
                href=self._requests(scope=scope) if scope else "",
            )
            for scope, _ in sums.most_common(SHOWN_ROWS)
        ]
        return Chart("Verdicts by scope", _series(), tuple(bars), count, _most(len(sums), "scopes"), "Scope")

    @property
    def reasons(self) -> Chart:
        """Rules that most denials name."""
        bars = [
            Bar(spelled(rule), (float(number),), href=self._requests(rule=rule, verdict="DENIED"))
            for rule, number in self._whole.reasons.most_common(SHOWN_ROWS)
        ]
        note = _most(len(self._whole.reasons), "rules")
        return Chart("Why programs are denied", (Series("denials", "bad"),), tuple(bars), count, note, "Rule")

    @property
    def latency(self) -> Chart:
        """From task to verdict."""
        return self._spread("From task to verdict", lambda hour: hour.to_verdict)

    @property
    def ends(self) -> Chart:
        """From task to its end."""
        note = "without requests that waited for people"
        return self._spread("From request to end", lambda hour: hour.to_end, note)

    @property
    def waited(self) -> Chart:
        """How long people were waited for."""
        note = "at the time of the decision"
        return self._spread("How long people were waited for", lambda hour: hour.waited, note)

    @property
    def labels(self) -> Chart:
        """Opinions on whole verdicts, by the time they were given."""
        bars = []
        for label, start in zip(self._words(), self._starts, strict=True):
            given = [
                each.right
                for time, each in self._labels
                if start <= time < start + self._range.step and each.on_verdict
            ]
            bars.append(Bar(label, (float(sum(given)), float(len(given) - sum(given)))))
        series = (Series("agree with the guard", "good"), Series("call it wrong", "bad"))
        return Chart("What people say of verdicts", series, tuple(bars), count)

    @property
    def false_positives(self) -> Share:
        """Of the sample's verdicts labelled in the range: an estimate for all, for nobody picked them."""
        labels = (label for _, label in self._labels)
        drawn = [each for each in labels if each.verdict_hash and self._known.sample.has(each.verdict_hash)]
        return Judgement.of(drawn).matrix.false_positives

    @property
    def judgement(self) -> Judgement:
        """Of verdicts that were labelled in the range."""
        return Judgement.of(label for _, label in self._labels)

    def _spread(self, title: str, which: Callable[[Hour], Spread], note: str = "") -> Chart:
        bars = []
        for label, hour in self._labelled():
            half, most = which(hour).percentile(50), which(hour).percentile(95)
            values = (half or 0.0, (most or 0.0) - (half or 0.0))
            bars.append(Bar(label, values, (duration(half), duration(most))))
        return Chart(title, _SPREAD, tuple(bars), duration, note)

    def _labelled(self) -> Iterator[tuple[str, Hour]]:
        return zip(self._words(), self._bars, strict=True)

    def _words(self) -> list[str]:
        form = "%d %b %H:%M" if self._range.step < DAY else "%d %b"
        return [f"{start:{form}}" for start in self._starts]

    def _requests(self, **filters: str) -> str:
        return f"/requests?{urlencode({**filters, 'since': self._range.name})}"


def _name(scope: str) -> str:
    return spelled(scope) or "(no scope)"


def _by_scope(hour: Hour) -> Counter[str]:
    sums: Counter[str] = Counter()
    for (scope, _), number in hour.verdicts.items():
        sums[scope] += number
    return sums


def _series() -> tuple[Series, ...]:
    return tuple(series for _, series in VERDICTS)


def _most(number: int, things: str) -> str:
    return f"the {SHOWN_ROWS} with most of {number} {things}" if number > SHOWN_ROWS else ""

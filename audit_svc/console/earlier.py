"""Counts what happened before the console started, beside the pages: the newest first, in small pieces.

Knows which indexes answer. Must not know charts. A piece takes milliseconds, so no page waits long for it;
what a piece has too much of is sampled, and each sample stands for its share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from audit_svc.console.course import ASIDE, Course, Milestone
from audit_svc.console.hours import DAYS, Hour, Hours, Piece, Waiting, day_of, hour_of
from audit_svc.console.log import Log
from placet.audit.actors import path_of
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record
from placet.audit.tally import Moment
from placet.rpc.errors import ServiceError

PIECE: Final = 20_000
"""Records counted at once."""
SAMPLED: Final = 20
"""Requests of a piece whose times are looked up."""
LISTED: Final = 200
"""Verdicts of a piece that went to people, of which it is looked up when they decided."""
RETRY_S: Final = 1.0

_log = structlog.get_logger()


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


class Overview:
    """A live.Part: the hours, with what was before counted as soon as there is time."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        self.hours = Hours()
        self.now = now
        self.counting: asyncio.Task[None] | None = None
        """It ends when everything is counted."""

    async def start(self, log: Log) -> None:
        """See live.Part. Only the log's size is learned here."""
        self.hours.begin(await log.ask(_size))
        self.counting = asyncio.create_task(self._count_back(log), name="earlier")

    def follow(self, entry: Entry, record: Record) -> None:
        """See live.Part."""
        self.hours.follow(entry, record)

    async def _count_back(self, log: Log) -> None:
        oldest = day_of(self.now() - timedelta(days=DAYS))
        while self.hours.left:
            try:
                piece = await log.ask(partial(count_back, high=self.hours.left))
            except ServiceError as error:
                _log.warning("not_counted_yet", reason=error.reason, left=self.hours.left)
                await asyncio.sleep(RETRY_S)
                continue
            if piece is None or piece.at < oldest:
                break
            self.hours.add(piece)
        self.hours.done()


def count_back(reader: LogReader, high: int) -> Piece | None:
    """The records before `high`, down to the beginning of their hour, or PIECE of them; None without any."""
    last = reader.get(high - 1)
    if last is None:
        return None
    at = hour_of(datetime.fromisoformat(last.time))
    low = max(reader.tally.first_at(f"{at:%Y-%m-%dT%H:%M:%S}.000000Z"), high - PIECE, 0)
    hour = Hour()
    for scope, verdict, count in reader.tally.verdicts(low, high):
        hour.verdicts[scope, verdict] += count
    hour.reasons.update(dict(reader.tally.denial_rules(low, high)))
    _sample(reader, low, high, hour)
    waiting, decided = _reviews(reader, low, high)
    return Piece(low, at, hour, waiting, decided)


def _sample(reader: LogReader, low: int, high: int, hour: Hour) -> None:
    """When some of the requests that were judged began and ended."""
    judged = reader.tally.newest("verdict_reached", low, high, SAMPLED)
    requests = {request_id for _, request_id in judged if request_id}
    weight = hour.verdicts.total() / len(judged) if judged else 1.0
    for request_id in requests:
        steps = [each for each in reader.tally.moments(request_id) if each.kind not in ASIDE]
        for milestone, seconds in _milestones(steps):
            hour.reached(milestone, seconds, weight)


def _milestones(steps: Sequence[Moment]) -> Iterator[tuple[Milestone, float]]:
    if not steps:
        return
    course = Course.from_first(steps[0].kind, _time(steps[0]), steps[0].verdict)
    for step in steps[1:]:
        if reached := course.step(step.kind, _time(step), step.verdict):
            yield reached


def _reviews(
    reader: LogReader, low: int, high: int
) -> tuple[tuple[tuple[int, Waiting], ...], tuple[tuple[datetime, float], ...]]:
    """What went to people and waits, and when they decided about the others."""
    waiting, decided = [], []
    for index, request_id in reader.tally.newest(
        "verdict_reached", low, high, LISTED, verdict="NEEDS_REVIEW"
    ):
        asked, answer = _review(reader.tally.moments(request_id), index)
        if asked and answer:
            decided.append((_time(answer), (_time(answer) - _time(asked)).total_seconds()))
        elif asked:
            waiting.append((index, Waiting(_time(asked), request_id)))
    return tuple(waiting), tuple(decided)


def _review(moments: Sequence[Moment], index: int) -> tuple[Moment | None, Moment | None]:
    """The guard's verdict at `index`, and the first verdict by people after it."""
    asked = next((m for m in moments if m.index == index and path_of(m.actor) == "svc/guard"), None)
    later = (m for m in moments if m.index > index and m.kind == "verdict_reached")
    return asked, next((m for m in later if path_of(m.actor) != "svc/guard"), None)


def _time(moment: Moment) -> datetime:
    return datetime.fromisoformat(moment.time)


def _size(reader: LogReader) -> int:
    newest = list(reader.find(Query(limit=1, descending=True)))
    return newest[0].index + 1 if newest else 0

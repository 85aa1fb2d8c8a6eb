"""The requests that a query names, page by page.

Knows where a request stands in the list. Must not know HTML, or who looks.

A request stands where its first record that matches stands: records are only ever added, so a request is on
one page and stays there, however the log grows meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from audit_svc.console.summary import Summary, read, summary
from placet.audit.columns import columns_of, words_of
from placet.audit.finding import BEYOND
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.tally import Tally

ON_PAGE: Final = 50
BEGINNINGS: Final = (
    "task_received",
    "task_refused",
    "task_screened",
    "verdict_reached",
    "review_failed",
    "run_started",
    "admission_refused",
)
"""Kinds with which a request begins; without a filter only these are walked, and no heartbeats."""
MAX_OF_REQUEST: Final = 128
"""Records of one request that are read from its beginning, and again from its end."""
MAX_WALKED: Final = 3_000
"""Records that a page passes at most; it then says how far it came."""
_AT_ONCE: Final = 32
_COLUMNS: Final = frozenset({"request_id", "kind", "caller", "scope", "verdict"})


@dataclass(frozen=True)
class Page:
    """Rows, the newest request first. `older` is where the next page begins; None when there is none."""

    rows: Sequence[Summary] = ()
    older: int | None = None
    cut_short: bool = False
    """It passed MAX_WALKED records before it was full."""


@dataclass
class Requests:
    """The requests of one reader's log that a query names. Make one per page: it remembers what it read."""

    reader: LogReader
    query: Query
    _known: dict[str, list[Entry]] = field(default_factory=dict)
    _places: dict[str, int | None] = field(default_factory=dict)

    def page(self, before: int | None = None, number: int = ON_PAGE) -> Page:
        """The newest, or those whose place is before an index."""
        rows: list[Summary] = []
        place = before
        if before == 0:
            return Page()
        for walked, (index, request_id) in enumerate(self._walk(before or 0)):
            if len(rows) == number or walked == MAX_WALKED:
                return Page(rows, place, cut_short=len(rows) < number)
            place = index
            if request_id and self._place(request_id) == index:
                rows.append(summary(self._records(request_id), index))
        return Page(rows)

    def rows(self, request_ids: Iterable[str]) -> list[Summary]:
        """The rows of those among these requests that the query names."""
        placed = ((request_id, self._place(request_id)) for request_id in request_ids)
        return [summary(self._records(name), place) for name, place in placed if place is not None]

    def _walk(self, before: int) -> Iterator[tuple[int, str]]:
        """(index, request) of the records that match, the newest first. `before` 0: from the newest on."""
        if not self._unfiltered:
            return _descending(self.reader, self.query, before)
        low, high = self._bounds
        high = min(before or BEYOND, high)
        walks = (_of_kind(self.reader.tally, kind, low, high) for kind in BEGINNINGS)
        return heapq.merge(*walks, reverse=True)

    def _place(self, request_id: str) -> int | None:
        """Index of the request's first record that matches."""
        if request_id not in self._places:
            self._places[request_id] = self._first(request_id)
        return self._places[request_id]

    def _first(self, request_id: str) -> int | None:
        if self.query.rule or self.query.text:
            return next((each.index for each in self._records(request_id) if self._matches(each)), None)
        low, high = self._bounds
        kinds = BEGINNINGS if self._unfiltered else ()
        place = self.reader.tally.first_of(request_id, low, self._columns, kinds)
        return place if place is not None and place < high else None

    def _records(self, request_id: str) -> list[Entry]:
        if request_id not in self._known:
            self._known[request_id] = records_of(self.reader, request_id)
        return self._known[request_id]

    @cached_property
    def _bounds(self) -> tuple[int, int]:
        """Times never go backwards in a log, so a time is a place."""
        tally, query = self.reader.tally, self.query
        return (
            tally.first_at(query.since) if query.since else 0,
            tally.first_at(query.until) if query.until else BEYOND,
        )

    def _matches(self, entry: Entry) -> bool:
        query = self.query
        if any(getattr(entry, name) != value for name, value in self._columns):
            return False
        if (query.since and entry.time < query.since) or (query.until and entry.time >= query.until):
            return False
        return not (query.rule or query.text) or self._says(entry)

    def _says(self, entry: Entry) -> bool:
        record = read(entry)
        if record is None:
            return False
        columns = columns_of(record)
        has_rule = not self.query.rule or self.query.rule in columns.rules
        return has_rule and self._words <= set(columns.words)

    @cached_property
    def _columns(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.query.filters.items() if name in _COLUMNS]

    @cached_property
    def _unfiltered(self) -> bool:
        return not set(self.query.filters) - {"since", "until"}

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(words_of(self.query.text))


def records_of(reader: LogReader, request_id: str) -> list[Entry]:
    """A request's records in order: all, or the first and the last of very many."""
    first = reader.of_request(request_id, MAX_OF_REQUEST)
    if len(first) < MAX_OF_REQUEST:
        return first
    last = reader.of_request(request_id, MAX_OF_REQUEST, descending=True)
    return first + [entry for entry in reversed(last) if entry.index > first[-1].index]


def _descending(reader: LogReader, query: Query, before: int) -> Iterator[tuple[int, str]]:
    """What a query finds, the newest first, a few at a time."""
    step = replace(query, descending=True, limit=_AT_ONCE)
    while True:
        found = list(reader.find(replace(step, from_index=before)))
        yield from ((entry.index, entry.request_id) for entry in found)
        if len(found) < _AT_ONCE or found[-1].index == 0:
            return
        before = found[-1].index


def _of_kind(tally: Tally, kind: str, low: int, high: int) -> Iterator[tuple[int, str]]:
    """The same of one kind's records in a range; none of them is read."""
    while found := tally.newest(kind, low, high, _AT_ONCE):
        yield from found
        high, _ = found[-1]

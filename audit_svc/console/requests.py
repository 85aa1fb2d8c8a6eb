"""The requests that a query names, page by page.

Knows where a request stands in the list. Must not know HTML, or who looks.

A request stands where its first record that matches stands: records are only ever added, so a request is on
one page and stays there, however the log grows meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
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
_AT_ONCE: Final = 64
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
    _known: dict[str, Sequence[Entry]] = field(default_factory=dict)
    _places: dict[str, int | None] = field(default_factory=dict)

    def page(self, before: int | None = None, number: int = ON_PAGE) -> Page:
        """The newest, or those whose place is before an index."""
        if before == 0:
            return Page()
        listed: dict[str, int] = {}
        place, walked = before, 0
        walk = self._walk(before or 0)
        while group := list(islice(walk, _AT_ONCE)):
            self._find_places([request_id for _, request_id in group])
            for index, request_id in group:
                if len(listed) == number or walked == MAX_WALKED:
                    return Page(self._rows(listed), place, cut_short=len(listed) < number)
                place, walked = index, walked + 1
                if self._places.get(request_id) == index:
                    listed[request_id] = index
        return Page(self._rows(listed))

    def rows(self, request_ids: Iterable[str]) -> list[Summary]:
        """The rows of those among these requests that the query names."""
        listed = list(request_ids)
        self._find_places(listed)
        placed = ((request_id, self._places[request_id]) for request_id in listed)
        return self._rows({request_id: place for request_id, place in placed if place is not None})

    def _rows(self, listed: Mapping[str, int]) -> list[Summary]:
        self._read(list(listed))
        return [summary(self._known[request_id], place) for request_id, place in listed.items()]

    def _walk(self, before: int) -> Iterator[tuple[int, str]]:
        """(index, request) of the records that match, the newest first. `before` 0: from the newest on."""
        if not self._unfiltered:
            return _descending(self.reader, self.query, before)
        low, high = self._bounds
        high = min(before or BEYOND, high)
        walks = (_of_kind(self.reader.tally, kind, low, high) for kind in BEGINNINGS)
        return heapq.merge(*walks, reverse=True)

    def _find_places(self, request_ids: Sequence[str]) -> None:
        """Index of each request's first record that matches; None for a request without one."""
        new = [each for each in dict.fromkeys(request_ids) if each and each not in self._places]
        if self.query.rule or self.query.text:
            self._read(new)
            self._places.update((each, self._first(self._known[each])) for each in new)
            return
        low, high = self._bounds
        kinds = BEGINNINGS if self._unfiltered else ()
        firsts = self.reader.tally.firsts_of(new, low, self._columns, kinds)
        self._places.update(
            (each, first if (first := firsts.get(each, high)) < high else None) for each in new
        )

    def _first(self, entries: Iterable[Entry]) -> int | None:
        return next((entry.index for entry in entries if self._matches(entry)), None)

    def _read(self, request_ids: Sequence[str]) -> None:
        """Their records: all, or the first and the last of very many."""
        new = [each for each in request_ids if each not in self._known]
        self._known.update(dict.fromkeys(new, ()))
        self._known.update(self.reader.of_requests(new, MAX_OF_REQUEST))

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

"""The review queue: which verdicts wait for people, in which order, and who is at them.

Follows the log (live.py). For lists only: whoever decides, decides on what the log says then (cases.py).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from audit_svc.console.bodies import record_of
from audit_svc.console.case import SIGNED_WITHIN, is_for_people, moment
from audit_svc.console.item import ACTS, Item, item_of
from audit_svc.console.log import Log
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record

MANY: Final = 1_000_000
READ_AT_ONCE: Final = 1000
ORDERS: Final = ("risk", "age")
"""By the worst finding, then by the reviewer's risk, then the oldest first; or just the oldest first."""


ASKED: Final = Query(kind="verdict_reached", verdict="NEEDS_REVIEW")
ACTED: Final = (
    # A person's verdict says `human:NAME`, which the index of words finds.
    Query(kind="verdict_reached", text="human"),
    *(Query(kind=kind) for kind in sorted(ACTS.keys() - {"verdict_reached"})),
)
"""What finds the records by which something happened to items."""


class Queue:
    """Part of the console: what waits. The log has checked who wrote the records that it comes from."""

    def __init__(self) -> None:
        self._waiting: dict[int, Item] = {}
        """By index, which is their age."""
        self._urgent: list[tuple[int, int, int]] = []
        """The urgency of each, sorted."""
        self._unsigned: dict[int, Item] = {}
        self._by_request: defaultdict[str, list[Item]] = defaultdict(list)
        self._seen = 0

    async def start(self, log: Log) -> None:
        """See live.Part."""
        self._seen = await log.ask(_size)
        async for entry in _past(log, self._seen, ASKED):
            self._take(entry, record_of(entry))
        acts: dict[int, Entry] = {}
        for query in ACTED:
            acts |= {entry.index: entry async for entry in _past(log, self._seen, query)}
        for entry in (acts[index] for index in sorted(acts) if acts[index].verdict != "NEEDS_REVIEW"):
            self._take(entry, record_of(entry))

    def follow(self, entry: Entry, record: Record) -> None:
        """See live.Part."""
        if entry.index < self._seen:
            return
        self._seen = entry.index + 1
        self._take(entry, record)

    def _take(self, entry: Entry, record: Record) -> None:
        if is_for_people(entry, record):
            self._add(item_of(entry, record))
        elif record.kind in ACTS:
            for item in list(self._by_request.get(record.request_id, ())):
                ACTS[record.kind](item, record)
                self._place(item)

    def __len__(self) -> int:
        """How many items wait for people."""
        return len(self._waiting)

    def waiting(self, most: int = MANY, order: str = "risk") -> list[Item]:
        """What people must decide, the first of it in one of ORDERS."""
        if order == "age":
            return list(islice(self._waiting.values(), most))
        return [self._waiting[index] for *_, index in self._urgent[:most]]

    def unsigned(self, name: str, now: datetime) -> list[Item]:
        """What this person has allowed and still can sign."""
        mine = (item for item in self._unsigned.values() if item.allowed_by == name)
        return [item for item in mine if now < moment(item.allowed_at) + SIGNED_WITHIN]

    def _add(self, item: Item) -> None:
        self._waiting[item.index] = item
        insort(self._urgent, item.urgency)
        self._by_request[item.request_id].append(item)

    def _place(self, item: Item) -> None:
        """Put an item where it belongs after something happened to it."""
        if (item.allowed_by or item.done) and item.index in self._waiting:
            del self._waiting[item.index]
            del self._urgent[bisect_left(self._urgent, item.urgency)]
            self._unsigned[item.index] = item
        if item.done:
            del self._unsigned[item.index]
            of_request = self._by_request[item.request_id]
            of_request.remove(item)
            if not of_request:
                del self._by_request[item.request_id]


def _size(reader: LogReader) -> int:
    newest = next(iter(reader.find(Query(limit=1, descending=True))), None)
    return newest.index + 1 if newest else 0


async def _past(log: Log, size: int, query: Query) -> AsyncIterator[Entry]:
    """Those of the log's first `size` records, in its order."""
    first = 0
    while first < size:
        found = await log.ask(partial(_found, replace(query, from_index=first, limit=READ_AT_ONCE)))
        for entry in found:
            if entry.index < size:
                yield entry
        first = found[-1].index + 1 if len(found) == READ_AT_ONCE else size


def _found(query: Query, reader: LogReader) -> list[Entry]:
    return list(reader.find(query))

"""Puts on record who reads the log, before anything that was read leaves it (docs/audit-format.md §8).

Knows the records of reading and when one suffices. Must not know gRPC or storage.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from audit_svc.draft import Draft
from placet.audit.query import Query
from placet.audit.reader import Entry
from placet.rpc.identity import service_uri

REPEATED_S: Final = 600.0
"""The same query by the same reader is recorded once in this time."""
REMEMBERED: Final = 10_000
"""Queries remembered at most; one that is forgotten early is recorded again."""

Append = Callable[[Draft], Awaitable[object]]


class Readings:
    """Records readings through `append`, whose errors pass through: what cannot be recorded is not read."""

    def __init__(self, append: Append, *, now: Callable[[], float] = time.monotonic) -> None:
        self._append, self._now = append, now
        self._recent: OrderedDict[tuple[str, Query], float] = OrderedDict()

    async def bodies(self, reader: str, entry: Entry, roles: Sequence[str]) -> None:
        """Bodies of one record are about to be handed to `reader`."""
        body = {"reader": reader, "indexes": [entry.index], "roles": list(roles)}
        await self._record("records_read", entry.request_id, body)

    async def query(self, reader: str, query: Query) -> None:
        """A page of a query is about to be handed to `reader`; the query's pages count as one reading."""
        key = (reader, replace(query, from_index=0, limit=0, descending=False))
        now = self._now()
        if now - self._recent.get(key, -REPEATED_S) < REPEATED_S:
            return
        body = {"reader": reader, "indexes": [], "query": query.filters}
        await self._record("records_read", "", body)
        self._recent[key] = now
        self._recent.move_to_end(key)
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    async def stream(self, reader: str, first: int, size: int, *, follow: bool, use: str) -> None:
        """Records from `first` on are about to be sent; the log has `size` of them now."""
        body: dict[str, object] = {"reader": reader, "from_index": first, "to_index": size, "follow": follow}
        await self._record("records_exported", "", body | ({"format": use} if use else {}))

    async def _record(self, kind: str, request_id: str, body: Mapping[str, object]) -> None:
        await self._append(Draft(kind, request_id, service_uri("audit"), body))

"""Reading the log: who may, what is put on record first, and then what is there.

Knows roles, the records of reading and pages. Must not know gRPC messages, SQL or how records are written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import grpc

from audit_svc.access import Access, Role
from audit_svc.readings import Readings
from audit_svc.sequencer import Sequencer
from audit_svc.threads import in_thread
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader, LogUnreadable, StoredBody
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller

MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
STREAMED_AT_ONCE: Final = 100

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """One record, the roles of the bodies that are still kept, and those bodies when they were asked for."""

    entry: Entry
    kept: tuple[str, ...]
    bodies: tuple[StoredBody, ...] = ()


class Reads:
    """Reads over one connection, one at a time in a thread.

    Every call raises ServiceError: PERMISSION_DENIED/ROLE_MISSING, UNAVAILABLE/AUDIT_UNAVAILABLE when the
    database cannot be read, and whatever keeps a reading from being put on record.
    """

    def __init__(self, sequencer: Sequencer, reader: LogReader, access: Access) -> None:
        self._sequencer, self._reader, self._access = sequencer, reader, access
        self._readings = Readings(sequencer.append)
        self._reading = asyncio.Lock()

    async def record(self, caller: Caller, index: int, *, with_bodies: bool) -> Found:
        """One record. Raises NOT_FOUND/RECORD_UNKNOWN."""
        self._access.require(caller, Role.REVIEWER if with_bodies else Role.VIEWER)
        entry = await self.ask(lambda: self._reader.get(index) if index < self._size else None)
        if entry is None:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND, "RECORD_UNKNOWN", f"The log has no record {index} (yet)."
            )
        kept = tuple(await self.ask(lambda: self._reader.kept(index)))
        if not with_bodies:
            return Found(entry, kept)
        await self._readings.bodies(caller.uri, entry, kept)
        return Found(entry, kept, tuple(await self.ask(lambda: self._reader.bodies(index))))

    async def page(self, caller: Caller, query: Query) -> tuple[list[Entry], bool]:
        """At most `query.limit` records and 8 MiB of them, and whether there are more."""
        self._access.require(caller, Role.VIEWER)
        await self._readings.query(caller.uri, query)
        return await self.ask(lambda: self._page(query))

    async def stream(self, caller: Caller, first: int, *, follow: bool, use: str) -> AsyncGenerator[Entry]:
        """Records from `first` on; with `follow` it ends only with its consumer."""
        self._access.require(caller, Role.AUDITOR)
        await self._readings.stream(caller.uri, first, self._size, follow=follow, use=use)
        while True:
            query = Query(from_index=first, limit=STREAMED_AT_ONCE)
            found, more = await self.ask(partial(self._page, query))
            for entry in found:
                yield entry
                first = entry.index + 1
            if found or more:
                continue
            if not follow:
                return
            await self._sequencer.wait_for_growth(first)

    async def ask(self, read: Callable[[], T]) -> T:
        """What the database answers."""
        async with self._reading:
            try:
                return await in_thread(read)
            except LogUnreadable as error:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "AUDIT_UNAVAILABLE",
                    "The log's database cannot be read; look at the audit service's own log.",
                ) from error

    @property
    def _size(self) -> int:
        return self._sequencer.head.size

    def _page(self, query: Query) -> tuple[list[Entry], bool]:
        found: list[Entry] = []
        total = 0
        for entry in self._reader.find(replace(query, limit=query.limit + 1)):
            total += len(entry.leaf)
            if len(found) == query.limit or (found and total > MAX_PAGE_BYTES):
                return found, True
            found.append(entry)
        return found, False

"""Follows the log once for everybody: new records to every part, and news to every page that stays open.

Knows records and parts. Must not know pages or how the log tells of its growth (log.py).
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, runtime_checkable

import structlog

from audit_svc.console.log import Log
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record, RecordInvalid
from placet.rpc.errors import ServiceError

READ_AT_ONCE: Final = 500
REMEMBERED: Final = 10_000
"""News kept for pages that were away for a moment; whoever was away longer is told so."""
RETRY_S: Final = 1.0

_log = structlog.get_logger()


@runtime_checkable
class Part(Protocol):
    """What the console knows of the log between two requests of a browser."""

    async def start(self, log: Log) -> None:
        """Learn of the log so far, by queries that an index answers."""

    def follow(self, entry: Entry, record: Record) -> None:
        """A new record, in the log's order. One that `start` has seen may come again: its index tells.

        Must not wait and must not raise: bodies hold what a model or a caller wrote.
        """


@dataclass(frozen=True)
class News:
    """A new record, as far as a page needs it to know whether it is concerned."""

    index: int
    kind: str
    request_id: str


@dataclass(frozen=True)
class Growth:
    """What came after a size of the log. `complete` is false when the oldest of it is forgotten."""

    size: int
    news: Sequence[News]
    complete: bool = True

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests that it speaks of, each once, in order of their newest record."""
        newest_first = dict.fromkeys(each.request_id for each in reversed(self.news) if each.request_id)
        return tuple(reversed(newest_first))


class Live:
    """The log's newest records. Pages are served while it is `following`."""

    def __init__(self, log: Log, parts: Iterable[Part] = ()) -> None:
        self._log, self._parts = log, tuple(parts)
        self._recent: deque[News] = deque(maxlen=REMEMBERED)
        self._grown = asyncio.Event()
        self.size = 0
        """Records that every part has seen."""
        self.streams: Counter[str] = Counter()
        """Pages that stay open, by the person who has them (stream.py)."""
        self.closed = False
        """Set when the console stops: pages that stay open end then."""

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the log while the context lasts. Raises what `start` raises, and what ends `run`."""
        await self.start()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.run(), name="live")
            try:
                yield
            finally:
                self.close()
                task.cancel()

    async def start(self) -> None:
        """Let every part learn of the log so far. Raises ServiceError AUDIT_UNAVAILABLE."""
        newest = await self._log.ask(partial(_found, Query(limit=1, descending=True)))
        self.size = newest[0].index + 1 if newest else 0
        for part in self._parts:
            await part.start(self._log)

    async def run(self) -> None:
        """Follow until cancelled. While the log cannot be read, try again every second."""
        while True:
            try:
                async for size in self._log.growth():
                    await self._read_up_to(size)
            except ServiceError as error:
                _log.warning("log_not_followed", reason=error.reason, size=self.size)
            await asyncio.sleep(RETRY_S)

    async def since(self, size: int) -> Growth:
        """What came after `size` records; waits until there is something, or until the console stops."""
        while self.size <= size and not self.closed:
            await self._grown.wait()
        oldest = self._recent[0].index if self._recent else self.size
        return Growth(self.size, [each for each in self._recent if each.index >= size], size >= oldest)

    def close(self) -> None:
        """Wake all who wait, for the last time."""
        self.closed = True
        self._wake()

    async def _read_up_to(self, size: int) -> None:
        while self.size < size:
            query = Query(from_index=self.size, limit=READ_AT_ONCE)
            # 0 is "no bound" to a query that ascends as well: the first record is then the first.
            found = await self._log.ask(lambda reader, query=query: list(reader.find(query)))  # type: ignore[misc]
            if not found:
                return  # told of before this connection sees it; the next growth brings it
            for entry in found:
                self._tell(entry)
            self.size = found[-1].index + 1
            self._wake()

    def _tell(self, entry: Entry) -> None:
        self._recent.append(News(entry.index, entry.kind, entry.request_id))
        try:
            record = Record.decode(entry.leaf)
        except RecordInvalid as error:
            _log.error("record_left_out", index=entry.index, why=str(error))  # `placet audit verify` names it
            return
        for part in self._parts:
            try:
                part.follow(entry, record)
            except Exception:  # one part's mistake with one record must not keep the others from the log
                _log.exception("part_failed", part=type(part).__name__, index=entry.index)

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def _found(query: Query, reader: LogReader) -> list[Entry]:
    return list(reader.find(query))

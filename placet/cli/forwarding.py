"""Hands the log's records on, at least once and in order, and resumes where it stopped.

docs/audit-format.md §11.4.
Knows what a cursor is and when it may move. Must not know formats or what the receiver is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

import grpc

from placet.answers import LogRecord
from placet.cli.webhook import NotEver, NotNow
from placet.durable import replace_file
from placet.rpc.errors import ServiceError

BATCH: Final = 100
"""Records sent at once at most. While one batch is on its way the next gathers, so no timer is needed."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0


@dataclass(frozen=True)
class Cursor:
    """How far a receiver is."""

    next: int
    """The record that comes next."""
    leaf_hash: str
    """Of the record before it: a log that was rolled back or replaced since is not gone on with. Hex."""


@dataclass(frozen=True)
class CursorFile:
    """A cursor that survives. One file for each receiver."""

    path: Path

    def read(self) -> Cursor | None:
        """None when there is no file yet. Raises ServiceError when it cannot be understood."""
        try:
            found = json.loads(self.path.read_text())
            return Cursor(int(found["next"]), str(found["leaf_hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ServiceError(
                grpc.StatusCode.FAILED_PRECONDITION,
                "CURSOR_UNREADABLE",
                f"{self.path} is no cursor ({error}); name another file, or remove it to begin anew",
            ) from error

    def write(self, cursor: Cursor) -> None:
        """Durable when it returns. Raises ServiceError when it cannot be written."""
        try:
            replace_file(self.path, json.dumps(asdict(cursor)) + "\n")
        except OSError as error:
            raise ServiceError(
                grpc.StatusCode.FAILED_PRECONDITION,
                "CURSOR_UNWRITABLE",
                f"{self.path} cannot be written: {error.strerror}; what was sent will be sent again",
            ) from error


class Sink(Protocol):
    """Where lines go. Returns once they are safe there; raises NotNow or NotEver."""

    async def send(self, lines: Sequence[bytes]) -> None:
        """Deliver lines, each with its line break."""


Source = Callable[[int], AsyncIterator[LogRecord]]
"""Opens the log's stream of records from an index on."""


@dataclass
class Forwarder:
    """One receiver's share of the log."""

    source: Source
    sink: Sink
    render: Callable[[LogRecord], bytes]
    keep: Callable[[Cursor], None]
    """Called with the cursor after what lies before it has arrived."""
    say: Callable[[str], None]
    """Told, for people, why there is a pause."""
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def run(self, start: Cursor | None, *, first: int, follow: bool) -> None:
        """Send from `start`, or else from record `first`, to the log's end; with `follow`, for ever.

        Raises ServiceError: DATA_LOSS/LOG_CHANGED when the log is not the one that was sent before,
        FAILED_PRECONDITION/EVENTS_REFUSED when the receiver will never take a batch, and whatever the log
        says. While following, what passes by itself is waited for.
        """
        cursor, pauses = start or Cursor(first, ""), 0
        while True:
            try:
                async for arrived in self._sent(cursor):
                    cursor, pauses = arrived, 0
                if not follow:
                    return
            except ServiceError as error:
                if not follow or error.code is not grpc.StatusCode.UNAVAILABLE:
                    raise
                self.say(error.message)
            pauses += 1
            await self._wait(pauses)

    async def _sent(self, cursor: Cursor) -> AsyncIterator[Cursor]:
        """The cursor after each batch that has arrived."""
        check = bool(cursor.leaf_hash)
        async with aclosing(_gathered(self.source(cursor.next - check))) as batches:
            async for records in batches:
                if check:
                    _same_log(records[0], cursor)
                    records, check = records[1:], False
                if not records:
                    continue
                await self._deliver(records)
                cursor = Cursor(records[-1].index + 1, records[-1].leaf_hash)
                self.keep(cursor)
                yield cursor
        if check:
            raise _changed(f"the log has no record {cursor.next - 1} any more")

    async def _deliver(self, records: Sequence[LogRecord]) -> None:
        lines, pauses = [self.render(record) for record in records], 0
        while True:
            try:
                return await self.sink.send(lines)
            except NotNow as error:
                pauses += 1
                self.say(f"{error}; records {records[0].index} to {records[-1].index} wait")
                await self._wait(pauses)
            except NotEver as error:
                raise ServiceError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    "EVENTS_REFUSED",
                    f"records {records[0].index} to {records[-1].index} were not taken: {error}",
                ) from error

    async def _wait(self, pauses: int) -> None:
        await self.pause(min(FIRST_PAUSE_S * 2 ** (pauses - 1), LONGEST_PAUSE_S))


def _same_log(record: LogRecord, cursor: Cursor) -> None:
    if record.leaf_hash != cursor.leaf_hash:
        raise _changed(f"record {record.index} is another than the one that was sent before")


def _changed(what: str) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.DATA_LOSS,
        "LOG_CHANGED",
        f"{what}: the log was rolled back or replaced. Run `placet audit verify`; a new cursor begins anew",
    )


async def _gathered(records: AsyncIterator[LogRecord]) -> AsyncGenerator[list[LogRecord]]:
    """Whatever has come since the last batch, at most BATCH; a slow receiver slows the stream."""
    queue: asyncio.Queue[LogRecord | BaseException | None] = asyncio.Queue(BATCH)

    async def fill() -> None:
        try:
            async for record in records:
                await queue.put(record)
            await queue.put(None)
        except Exception as error:
            await queue.put(error)

    filling = asyncio.create_task(fill())
    try:
        while True:
            batch, end = await _waiting(queue)
            if batch:
                yield batch
            if isinstance(end, BaseException):
                raise end
            if end:
                return
    finally:
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)


async def _waiting(
    queue: asyncio.Queue[LogRecord | BaseException | None],
) -> tuple[list[LogRecord], BaseException | bool]:
    """What is in the queue, at least one item; and the stream's end or failure behind it."""
    batch: list[LogRecord] = []
    item = await queue.get()
    while True:
        if item is None:
            return batch, True
        if isinstance(item, BaseException):
            return batch, item
        batch.append(item)
        if len(batch) == BATCH or queue.empty():
            return batch, False
        item = queue.get_nowait()

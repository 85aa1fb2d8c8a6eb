"""The log as the console sees it: its database to read, its service to append to, its growth to follow.

Knows both ways. Must not know what is shown. Whoever reads a body through here is put on record first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeVar

import grpc

from audit_svc.draft import Draft
from placet.audit.client import Appended
from placet.audit.reader import LogReader, LogUnreadable
from placet.rpc.errors import ServiceError

T = TypeVar("T")


class Log(Protocol):
    """What pages need of the log. Every call may raise ServiceError UNAVAILABLE/AUDIT_UNAVAILABLE."""

    async def ask(self, read: Callable[[LogReader], T]) -> T:
        """What `read` finds in the database; it runs in a thread, one at a time."""

    async def append(self, draft: Draft) -> Appended:
        """Append a record under the console's own identity; durable when this returns."""

    def growth(self) -> AsyncIterator[int]:
        """The log's size now, and again whenever it has grown. Ends only with its consumer."""


class Reading:
    """`Log.ask` over one connection."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._one = asyncio.Lock()

    async def ask(self, read: Callable[[LogReader], T]) -> T:
        """See Log.ask."""
        async with self._one:
            try:
                return await asyncio.to_thread(read, self._reader)
            except LogUnreadable as error:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "AUDIT_UNAVAILABLE",
                    "The log's database cannot be read; look at the audit service's own log.",
                ) from error

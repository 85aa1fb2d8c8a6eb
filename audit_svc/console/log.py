"""The log as the console sees it: its database to read, its service to append to, its growth to follow.

Knows both ways. Must not know what is shown. Whoever reads a body through here is put on record first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol, TypeVar

import grpc
import structlog
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from audit_svc.draft import Draft
from audit_svc.threads import in_thread
from placet.audit.client import Appended, GrpcAuditLog
from placet.audit.reader import LogReader, LogUnreadable
from placet.rpc.errors import ServiceError

T = TypeVar("T")
RETRY_S: Final = 1.0
KEY_TIMEOUT_S: Final = 10.0
"""When the log is asked again how large it is, after it did not say."""
_log = structlog.get_logger()


class Log(Protocol):
    """What pages need of the log. Every call may raise ServiceError UNAVAILABLE/AUDIT_UNAVAILABLE."""

    async def ask(self, read: Callable[[LogReader], T]) -> T:
        """What `read` finds in the database; it runs in a thread, one at a time."""

    async def append(self, draft: Draft) -> Appended:
        """Append a record under the console's own identity; durable when this returns."""

    def growth(self) -> AsyncIterator[int]:
        """The log's size now, and again whenever it has grown. Ends only with its consumer."""

    async def vkey(self) -> str:
        """The log's public key as the log says, for a browser that has not seen it yet."""


class Reading:
    """`Log.ask` over one connection."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._one = asyncio.Lock()

    async def ask(self, read: Callable[[LogReader], T]) -> T:
        """See Log.ask."""
        async with self._one:
            try:
                return await in_thread(lambda: read(self._reader))
            except LogUnreadable as error:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "AUDIT_UNAVAILABLE",
                    "The log's database cannot be read; look at the audit service's own log.",
                ) from error


class GrpcLog(Reading):
    """Log: reads from the database, appends to the audit service and is told by it of growth."""

    def __init__(self, reader: LogReader, channel: grpc.aio.Channel) -> None:
        """`reader` is for this object alone; `channel` leads to the audit service, as `svc/console`."""
        super().__init__(reader)
        self._client = GrpcAuditLog(channel)
        self._stub = audit_pb2_grpc.AuditServiceStub(channel)

    async def append(self, draft: Draft) -> Appended:
        """See Log.append. The draft's actor is not sent: the log knows who asks."""
        return await self._client.append(
            draft.kind,
            draft.body,
            request_id=draft.request_id,
            bodies=draft.bodies,
            idempotency_key=draft.idempotency_key,
        )

    async def growth(self) -> AsyncIterator[int]:
        """See Log.growth. While the log does not answer, nothing comes; then its size as it is."""
        trouble = ""
        while True:
            try:
                async for told in self._stub.WatchSize(audit_pb2.WatchSizeRequest()):
                    trouble = ""
                    yield told.size
            except grpc.aio.AioRpcError as error:
                if error.code().name != trouble:
                    trouble = error.code().name
                    _log.warning("log_not_followed", code=trouble, error=error.details())
            await asyncio.sleep(RETRY_S)

    async def vkey(self) -> str:
        """See Log.vkey."""
        try:
            request = audit_pb2.GetCheckpointRequest()
            reply = await self._stub.GetCheckpoint(request, timeout=KEY_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise ServiceError.from_rpc(error) from error
        return str(reply.vkey)

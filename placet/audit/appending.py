"""Many appends over one call: each costs a message instead of a call (audit.proto, AppendStream).

Knows the stream's messages and its life. Must not know what is appended, nor what is asked again.
"""

from __future__ import annotations

import asyncio
import time
from itertools import count
from typing import Any, Final

import grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from placet.rpc.errors import ServiceError

RENEWED_S: Final = 60.0
"""How long a stream takes new requests. Then another one is begun, with whatever certificates and peers there
are by then; the old one ends when the last of its answers has come."""


class AppendStream:
    """Appends over a stream that is begun for the first one, and anew whenever it failed or is old."""

    def __init__(self, stub: audit_pb2_grpc.AuditServiceStub) -> None:
        """For one event loop. It ends with the stub's channel."""
        self._stub = stub
        self._stream: _Stream | None = None

    async def append(
        self,
        request: pb.AppendRequest,
        *,
        timeout: float,  # noqa: ASYNC109  (its name in gRPC)
        wait_for_ready: bool,
    ) -> pb.AppendResponse:
        """As the stub's Append, over the stream. Who is cancelled takes nobody else along.

        Raises ServiceError: the log's; or that of the stream when it ended before the answer, or
        DEADLINE_EXCEEDED when none came in time, and then there may be a record all the same.
        """
        stream = self._current(wait_for_ready)
        try:
            async with asyncio.timeout(timeout):
                answer = await stream.ask(request)
        except TimeoutError:
            self._give_up(stream)  # it may hang for ever; the next one begins elsewhere
            raise ServiceError(
                grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the log did not answer in time"
            ) from None
        if answer.WhichOneof("outcome") == "appended":
            return answer.appended
        error = ServiceError.from_bytes(answer.refused)
        if error.code is grpc.StatusCode.UNAVAILABLE:  # as of one that stands by: another one may be asked
            self._give_up(stream)
        raise error

    def _current(self, wait_for_ready: bool) -> _Stream:
        if self._stream is None or not self._stream.fresh:
            if self._stream is not None:
                self._stream.finish()
            self._stream = _Stream(self._stub.AppendStream(wait_for_ready=wait_for_ready))
        return self._stream

    def _give_up(self, stream: _Stream) -> None:
        """Ask nothing more over it; others who wait for its answers may still get them."""
        stream.finish()
        if self._stream is stream:
            self._stream = None


class _Stream:
    """One call. Two tasks of it live for as long as it does: one sends what is asked, one takes answers."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._until = time.monotonic() + RENEWED_S
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[pb.AppendStreamResponse]] = {}
        self._unsent: asyncio.Queue[pb.AppendStreamRequest | None] = asyncio.Queue()
        """None: there will be nothing more."""
        self._over = False
        loop = asyncio.get_running_loop()
        self._sending, self._taking = loop.create_task(self._send()), loop.create_task(self._take())

    @property
    def fresh(self) -> bool:
        """Whether something may be asked over it."""
        return not self._over and time.monotonic() < self._until

    async def ask(self, request: pb.AppendRequest) -> pb.AppendStreamResponse:
        """The answer to one request. Raises ServiceError when the stream ends first."""
        number = next(self._numbers)
        answer: asyncio.Future[pb.AppendStreamResponse] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._unsent.put_nowait(pb.AppendStreamRequest(number=number, append=request))
            return await answer
        finally:
            self._waiting.pop(number, None)

    def finish(self) -> None:
        """Send what is there and nothing more; the peer ends the stream with its last answer."""
        self._until = 0.0
        self._unsent.put_nowait(None)

    async def _send(self) -> None:
        try:
            while (request := await self._unsent.get()) is not None:
                await self._call.write(request)
            await self._call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):  # the call is over; `_take` learns why
            return

    async def _take(self) -> None:
        why = ServiceError(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", "the stream ended before the answer")
        try:
            async for answer in self._call:
                waiting = self._waiting.get(answer.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except grpc.aio.AioRpcError as error:
            why = ServiceError.from_rpc(error)
        finally:
            self._end(why)

    def _end(self, why: ServiceError) -> None:
        self._over = True
        self._sending.cancel()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(why)

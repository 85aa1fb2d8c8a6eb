"""The answers that one stream of appends gets, each as soon as it is there.

Knows the stream's messages. Must not know what an append is, nor who may make one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
from placetpb.audit.v1 import audit_pb2 as pb

from audit_svc.policy import SERVICE
from placet.rpc.errors import to_bytes
from placet.rpc.interceptors import for_the_peer, telemetry

APPEND: Final = f"/{SERVICE}/Append"
"""Each request of a stream is counted, and has its line, as if it had come by itself."""

MOST_AT_ONCE: Final = 1024
"""As many of a stream's requests wait for their answers; the next is read when one of them is answered."""

Append = Callable[[pb.AppendRequest, str], Awaitable[pb.AppendResponse]]


class Answers:
    """Of one stream, which comes from one identity."""

    def __init__(self, append: Append, actor: str, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        """`append` takes a request and its actor's URI, and raises ServiceError for a refusal."""
        self._append, self._actor, self._context = append, actor, context
        self._writing = asyncio.Lock()  # gRPC takes one write at a time
        self._answering: set[asyncio.Task[None]] = set()

    async def begin(self, request: pb.AppendStreamRequest) -> None:
        """See to an answer, once fewer than MOST_AT_ONCE are waited for: who takes none sends no more."""
        if len(self._answering) >= MOST_AT_ONCE:
            await asyncio.wait(self._answering, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._answer(request))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def all(self) -> None:
        """Return once all that were begun are answered.

        When the client has left, gRPC cancels this too; then each ends by itself, answered to nobody.
        """
        if self._answering:
            await asyncio.wait(self._answering)

    async def _answer(self, request: pb.AppendStreamRequest) -> None:
        answer = pb.AppendStreamResponse(number=request.number)
        try:
            async with telemetry(APPEND, self._context):
                answer.appended.CopyFrom(await self._append(request.append, self._actor))
        except Exception as error:
            answer.refused = to_bytes(for_the_peer(error))
        async with self._writing:
            try:
                await self._context.write(answer)
            except (grpc.aio.BaseError, grpc.RpcError):  # they left, and will ask again by the same key
                return

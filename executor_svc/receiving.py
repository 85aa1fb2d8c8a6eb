"""A request as it arrives: a header that is within bounds, then the inputs' bytes, held until the call ends.

Knows the messages' order; judges nothing of what they say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Final, TypeVar

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb

from executor_svc.admission import RunRequest
from executor_svc.inputs import Assembly, Declared
from executor_svc.sandbox import aio
from executor_svc.sandbox.spool import is_large
from placet.approval.reading import REQUEST_ID
from placet.rpc.errors import ServiceError

TIMEOUT_S: Final = 120.0
"""How long a whole request, inputs included, may take to arrive: a slow sender holds a place in the queue."""

T = TypeVar("T")


async def receive(
    header: pb.ExecuteHeader,
    chunks: AsyncIterator[common_pb2.InputChunk],
    caller: str,
    held: AsyncExitStack,
    *,
    peer: str = "",
) -> RunRequest:
    """The request, once `chunks` have ended. Its inputs are there until `held` is closed.

    `caller` and `peer` are URIs, as in RunRequest.

    Raises:
        ServiceError: INVALID_ARGUMENT out of bounds; RESOURCE_EXHAUSTED/INPUT_NO_ROOM when the inputs cannot
            be held; what `chunks` raise.
    """
    if header.request_id and not REQUEST_ID.fullmatch(header.request_id):
        raise out_of_order(
            "REQUEST_ID_INVALID", "request_id is at most 128 printable ASCII characters without space"
        )
    manifest = [Declared(ref.name, ref.sha256, ref.size) for ref in header.inputs]
    large = is_large(sum(declared.size for declared in manifest))
    assembly = await aio.call(Assembly, manifest, in_thread=large, undo=Assembly.release)
    held.push_async_callback(assembly.release)
    async for chunk in chunks:
        await aio.call(assembly.add, chunk.name, chunk.data, in_thread=assembly.on_disk)
    inputs = assembly.finish()
    return RunRequest(caller, header.program, header.approval, inputs, header.request_id, peer)


def deadline() -> float:
    """Until when a request that begins now must have arrived, by the loop's clock."""
    return asyncio.get_running_loop().time() + TIMEOUT_S


async def in_time(until: float, reading: Awaitable[T]) -> T:
    """What is read, until a time of the loop's clock.

    Raises:
        ServiceError: DEADLINE_EXCEEDED/REQUEST_STALLED when the request does not end in time.
    """
    try:
        async with asyncio.timeout_at(until):
            return await reading
    except TimeoutError:
        raise ServiceError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "REQUEST_STALLED",
            f"the request did not arrive within {TIMEOUT_S:.0f} s; send all, then close",
        ) from None


def out_of_order(reason: str, message: str) -> ServiceError:
    """The peer's mistake: INVALID_ARGUMENT."""
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)

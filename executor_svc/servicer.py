"""ExecutorService: messages to requests, events to messages. Decides nothing.

The stream is written from the handler itself, so that a slow reader slows the program down rather
than filling memory. What a request holds is let go of when its call ends, however it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb
from placetpb.executor.v1 import executor_pb2_grpc

from executor_svc import messages
from executor_svc.admission import RunPermit, RunRequest
from executor_svc.delivery.staged import FAILED
from executor_svc.gate import Gate
from executor_svc.places import Places
from executor_svc.receiving import deadline, in_time, out_of_order, receive
from executor_svc.refusals import to_error
from executor_svc.run import CallerGone, Finished, Runner
from executor_svc.sandbox import RunResult
from executor_svc.sandbox.types import BY_A_LIMIT
from placet.approval import ApprovalRefused, Limits
from placet.audit.actors import path_of
from placet.audit.client import Appended
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, acting_for, caller_of

SERVICE: Final = "placetpb.executor.v1.ExecutorService"

Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")


class ExecutorServicer(executor_pb2_grpc.ExecutorServiceServicer):
    """The front of one pool."""

    def __init__(self, *, runner: Runner, places: Places, gate: Gate, audience: str, ceiling: Limits) -> None:
        self._runner = runner
        self._places = places
        self._gate = gate
        self._audience = audience
        self._ceiling = ceiling

    async def Execute(self, request_iterator: AsyncIterator[pb.ExecuteRequest], context: Context) -> None:
        """Read the whole request, admit it, run it; artifacts leave once the run's end is on record."""
        peer, until = caller_of(context), deadline()
        header, caller = await self._readable(peer, until, _header(request_iterator, peer))
        async with AsyncExitStack() as held:
            held.enter_context(self._gate.enter(caller.path))
            held.enter_context(metrics.RUNS_IN_FLIGHT.track_inprogress())
            asker = peer.uri if peer != caller else ""
            receiving = receive(header, _chunks_of(request_iterator), caller.uri, held, peer=asker)
            await self._run(await self._readable(peer, until, receiving), context)

    async def _readable(self, peer: Caller, until: float, reading: Awaitable[T]) -> T:
        """What is read, if it arrives in time; otherwise the refusal is on record."""
        try:
            return await in_time(until, reading)
        except ServiceError as unreadable:
            await self._runner.refuse_unreadable(peer.uri, unreadable)
            raise

    async def _run(self, request: RunRequest, context: Context) -> None:
        events = _Stream(context)
        try:
            async with AsyncExitStack() as held:
                async with self._gate.run(path_of(request.caller)), AsyncExitStack() as running:
                    running.enter_context(metrics.RUNS_RUNNING.track_inprogress())
                    finished = await self._runner.run(request, events)
                    held.push_async_callback(finished.result.release)
                    if not _broke_a_limit(finished.result):
                        await events.finish(finished)
                        return
                await self._gate.rest(Deadline.of(context).remaining_s() / 2)
                await events.finish(finished)
        except ApprovalRefused as refusal:
            raise to_error(refusal) from refusal
        except CallerGone as gone:
            raise ServiceError(grpc.StatusCode.CANCELLED, "CALLER_GONE", str(gone)) from gone

    async def DescribePool(
        self, request: pb.DescribePoolRequest, context: Context
    ) -> pb.DescribePoolResponse:
        """What the probe found, and the ceiling."""
        return pb.DescribePoolResponse(
            audience=self._audience,
            tier=messages.tier(self._places.tier),
            ceiling=common_pb2.Limits(**asdict(self._ceiling)),
            isolation=self._places.isolation,
            libraries=self._places.libraries,
        )


async def _header(
    requests: AsyncIterator[pb.ExecuteRequest], peer: Caller
) -> tuple[pb.ExecuteHeader, Caller]:
    """The first message, and for whom the peer asks."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "header":
        raise out_of_order("HEADER_MISSING", "the first message must be the header")
    return first.header, acting_for(peer, first.header.on_behalf_of)


async def _chunks_of(requests: AsyncIterator[pb.ExecuteRequest]) -> AsyncIterator[common_pb2.InputChunk]:
    async for message in requests:
        if message.WhichOneof("message") != "chunk":
            raise out_of_order("HEADER_TWICE", "after the header only input chunks may follow")
        yield message.chunk


class _Stream:
    """RunEvents as messages to the caller."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._writing = asyncio.Lock()  # the streams may come from two tasks; gRPC takes one write

    async def started(self, permit: RunPermit) -> None:
        start = permit.start
        message = pb.RunStarted(
            run_id=start.run_id, tier=messages.tier(start.tier), record=_ref(permit.record)
        )
        await self._write(pb.ExecuteResponse(started=message))

    async def output(self, stream: str, data: bytes) -> None:
        for output in messages.outputs(stream, data):
            await self._write(pb.ExecuteResponse(output=output))

    async def finish(self, finished: Finished) -> None:
        """The artifacts' bytes, then the end."""
        for artifact in finished.result.artifacts:
            async for chunk in artifact.held.stream():
                await self._write(
                    pb.ExecuteResponse(artifact=pb.ArtifactChunk(name=artifact.name, data=chunk))
                )
        await self._write(pb.ExecuteResponse(finished=_finished(finished)))

    async def _write(self, message: Message) -> None:
        async with self._writing:
            try:
                await self._context.write(message)
            except (grpc.aio.BaseError, grpc.RpcError) as error:
                raise CallerGone("the caller left before the run ended") from error


def _broke_a_limit(result: RunResult) -> bool:
    """Its own, or those of the stage that had to look at what it left."""
    return result.status in BY_A_LIMIT or any(each.rule == FAILED for each in result.violations)


def _finished(finished: Finished) -> pb.RunFinished:
    result = finished.result
    return pb.RunFinished(
        status=f"RUN_STATUS_{result.status.value}",
        exit_code=result.exit_code or 0,
        signal=result.signal or 0,
        usage=messages.usage(result.usage),
        artifacts=[messages.artifact(artifact) for artifact in result.artifacts],
        tier=messages.tier(finished.permit.start.tier),
        record=_ref(finished.record),
        checkpoint=finished.record.checkpoint,
        stdout_truncated=result.stdout_truncated,
        stderr_truncated=result.stderr_truncated,
        violations=messages.violations(result.violations),
        notices=result.notices,
    )


def _ref(record: Appended) -> common_pb2.RecordRef:
    return common_pb2.RecordRef(index=record.index, leaf_hash=record.leaf_hash)

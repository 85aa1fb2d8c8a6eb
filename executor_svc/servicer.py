"""ExecutorService: messages to requests, events to messages. Decides nothing.

The stream is written from the handler itself, so that a slow reader slows the program down rather
than filling memory. What a request holds is let go of when its call ends, however it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any, Final

import grpc
from google.protobuf.message import Message
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb
from placetpb.executor.v1 import executor_pb2_grpc

from executor_svc.admission import RunPermit, RunRequest
from executor_svc.gate import Gate
from executor_svc.inputs import MAX_CHUNK_BYTES, Assembly, Declared
from executor_svc.refusals import to_error
from executor_svc.run import CallerGone, Finished, Runner
from executor_svc.sandbox import RunArtifact, Sandbox, Usage, aio
from executor_svc.sandbox.spool import is_large
from executor_svc.sandbox.types import BY_A_LIMIT
from placet.approval import ApprovalRefused, Limits
from placet.approval.reading import REQUEST_ID
from placet.audit.client import Appended
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_of

SERVICE: Final = "placetpb.executor.v1.ExecutorService"
RECEIVE_TIMEOUT_S: Final = 120.0
"""How long a whole request, inputs included, may take to arrive: a slow sender holds a place in the queue."""

_STREAMS = {"stdout": common_pb2.OUTPUT_STREAM_STDOUT, "stderr": common_pb2.OUTPUT_STREAM_STDERR}

Context = grpc.aio.ServicerContext[Any, Any]


class ExecutorServicer(executor_pb2_grpc.ExecutorServiceServicer):
    """The front of one pool."""

    def __init__(
        self, *, runner: Runner, sandbox: Sandbox, gate: Gate, audience: str, ceiling: Limits
    ) -> None:
        self._runner = runner
        self._sandbox = sandbox
        self._gate = gate
        self._audience = audience
        self._ceiling = ceiling

    async def Execute(self, request_iterator: AsyncIterator[pb.ExecuteRequest], context: Context) -> None:
        """Read the whole request, admit it, run it; artifacts leave once the run's end is on record."""
        caller = caller_of(context).uri
        async with self._gate.enter(), AsyncExitStack() as held:
            held.enter_context(metrics.RUNS_IN_FLIGHT.track_inprogress())
            try:
                request = await receive(request_iterator, caller, held)
            except ServiceError as unreadable:
                await self._runner.refuse_unreadable(caller, unreadable)
                raise
            await self._run(request, context)

    async def _run(self, request: RunRequest, context: Context) -> None:
        events = _Stream(context)
        try:
            async with AsyncExitStack() as held:
                async with self._gate.run(), AsyncExitStack() as running:
                    running.enter_context(metrics.RUNS_RUNNING.track_inprogress())
                    finished = await self._runner.run(request, events)
                    held.push_async_callback(finished.result.release)
                    if finished.result.status not in BY_A_LIMIT:
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
            tier=_tier(self._sandbox.tier),
            ceiling=common_pb2.Limits(**asdict(self._ceiling)),
            isolation=self._sandbox.isolation,
            libraries=self._sandbox.libraries,
        )


async def receive(
    messages: AsyncIterator[pb.ExecuteRequest], caller: str, held: AsyncExitStack
) -> RunRequest:
    """The whole request, if it arrives in time. Its inputs are there until `held` is closed.

    Raises:
        ServiceError: INVALID_ARGUMENT when the stream is out of order or bounds;
            RESOURCE_EXHAUSTED/INPUT_NO_ROOM when the inputs cannot be held;
            DEADLINE_EXCEEDED/REQUEST_STALLED when it does not end in time.
    """
    try:
        async with asyncio.timeout(RECEIVE_TIMEOUT_S):
            return await _read(messages, caller, held)
    except TimeoutError:
        raise ServiceError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "REQUEST_STALLED",
            f"the request did not arrive within {RECEIVE_TIMEOUT_S:.0f} s; send all, then close",
        ) from None


async def _read(messages: AsyncIterator[pb.ExecuteRequest], caller: str, held: AsyncExitStack) -> RunRequest:
    first = await anext(messages, None)
    if first is None or first.WhichOneof("message") != "header":
        raise _bad("HEADER_MISSING", "the first message must be the header")
    header = first.header
    if header.request_id and not REQUEST_ID.fullmatch(header.request_id):
        raise _bad("REQUEST_ID_INVALID", "request_id is at most 128 printable ASCII characters without space")
    manifest = [Declared(ref.name, ref.sha256, ref.size) for ref in header.inputs]
    large = is_large(sum(declared.size for declared in manifest))
    assembly = await aio.call(Assembly, manifest, in_thread=large, undo=Assembly.release)
    held.push_async_callback(assembly.release)
    async for message in messages:
        if message.WhichOneof("message") != "chunk":
            raise _bad("HEADER_TWICE", "after the header only input chunks may follow")
        await aio.call(assembly.add, message.chunk.name, message.chunk.data, in_thread=assembly.on_disk)
    return RunRequest(caller, header.program, header.approval, assembly.finish(), header.request_id)


class _Stream:
    """RunEvents as messages to the caller."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._writing = asyncio.Lock()  # the streams may come from two tasks; gRPC takes one write

    async def started(self, permit: RunPermit) -> None:
        start = permit.start
        message = pb.RunStarted(run_id=start.run_id, tier=_tier(start.tier), record=_ref(permit.record))
        await self._write(pb.ExecuteResponse(started=message))

    async def output(self, stream: str, data: bytes) -> None:
        for chunk in _chunks(data):
            await self._write(pb.ExecuteResponse(output=pb.Output(stream=_STREAMS[stream], data=chunk)))

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


def _finished(finished: Finished) -> pb.RunFinished:
    result = finished.result
    return pb.RunFinished(
        status=f"RUN_STATUS_{result.status.value}",
        exit_code=result.exit_code or 0,
        signal=result.signal or 0,
        usage=_usage(result.usage),
        artifacts=[_artifact(artifact) for artifact in result.artifacts],
        tier=_tier(finished.permit.start.tier),
        record=_ref(finished.record),
        checkpoint=finished.record.checkpoint,
        stdout_truncated=result.stdout_truncated,
        stderr_truncated=result.stderr_truncated,
    )


def _usage(usage: Usage) -> common_pb2.Usage:
    return common_pb2.Usage(
        wall_ms=usage.wall_ms,
        cpu_ms=usage.cpu_ms,
        max_memory_bytes=usage.max_memory_bytes,
        stdout_bytes=usage.stdout_bytes,
        stderr_bytes=usage.stderr_bytes,
        max_threads=usage.max_threads,
    )


def _artifact(artifact: RunArtifact) -> common_pb2.Artifact:
    return common_pb2.Artifact(
        name=artifact.name,
        sha256=artifact.sha256,
        size=artifact.size,
        media_type=artifact.media_type,
    )


def _tier(tier: str) -> str:
    """The enum's name; an unknown tier is sent as unspecified, which readers take for none."""
    name = f"TIER_{tier}"
    return name if name in common_pb2.Tier.DESCRIPTOR.values_by_name else "TIER_UNSPECIFIED"


def _ref(record: Appended) -> common_pb2.RecordRef:
    return common_pb2.RecordRef(index=record.index, leaf_hash=record.leaf_hash)


def _chunks(data: bytes) -> list[bytes]:
    return [data[start : start + MAX_CHUNK_BYTES] for start in range(0, len(data), MAX_CHUNK_BYTES)]


def _bad(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)

"""One run on a worker: what is sent, what comes back, and how much of that is believed (docs/workers.md §3).

Knows the worker's messages and a permit's limits. Must not know who else there is: it tells what a failure
was, and not what to do about it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, TypeAlias

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2
from placetpb.worker.v1 import worker_pb2 as pb
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc import messages
from executor_svc.admission import RunPermit, RunRequest
from executor_svc.fleet import told
from executor_svc.fleet.arriving import Artifacts
from executor_svc.places import AROUND_S, WorkerLost, WorkerRefused
from executor_svc.sandbox import RunResult, RunStatus, SandboxUnavailable, Usage, aio
from executor_svc.sandbox.spool import is_large
from executor_svc.sandbox.types import OnCancelled, OnOutput
from placet.rpc.errors import ServiceError

KIB: Final = 1024
CANCEL_S: Final = 5.0
"""How long a worker may take to say what a run had used that was cancelled."""
_ELSEWHERE: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)
"""Before `begun` was heard: another worker may do."""
_BEHIND: Final = frozenset(
    {"APPROVAL_SCOPE_UNKNOWN", "APPROVAL_KEY_UNKNOWN", "APPROVAL_NOT_YET_VALID", "APPROVAL_EXPIRED"}
)
"""What a worker says whose files are older than the front's, or whose clock is another."""
_CALL_OVER: Final = (grpc.aio.AioRpcError, grpc.aio.BaseError, asyncio.InvalidStateError)
"""What writing raises then; how it ended is told by reading."""

Call: TypeAlias = "grpc.aio.StreamStreamCall[pb.RunRequest, pb.RunResponse]"


class NotBegun(Exception):  # noqa: N818 - says what is known
    """That the program began was not heard: another worker may get it.

    It may have begun unheard, and is killed with its call. Nothing of it was told to anybody, and outside of
    its sandbox a program does nothing.
    """


class RemoteRun:
    """One run. Use `perform` once."""

    def __init__(self, permit: RunPermit, on_output: OnOutput, on_cancelled: OnCancelled) -> None:
        self._permit = permit
        self._on_output = on_output
        self._on_cancelled = on_cancelled
        self._begun = False
        self._deaf = False
        self._gone: Exception | None = None
        """Why the caller does not hear any more, if it is the caller who said so."""
        self._heard = {"stdout": 0, "stderr": 0}
        self._artifacts: Artifacts | None = None
        self._used: Usage | None = None
        """By a run whose sandbox failed once the program had ended."""

    async def perform(self, stub: worker_pb2_grpc.WorkerServiceStub, lease_id: bytes) -> RunResult:
        """Run it there. As `Place.run`; also raises NotBegun."""
        call = stub.Run(timeout=self._permit.limits.wall_s + AROUND_S + CANCEL_S)
        sending = asyncio.create_task(self._send(call, lease_id))
        reading = asyncio.create_task(self._read(call))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError as error:
            if reading.cancelled():  # the connection was closed here; nobody has left
                raise self._lost("its connection was closed") from error
            await self._cancel(call, reading)
            raise
        finally:
            call.cancel()
            await aio.over(sending, reading)
            if self._artifacts is not None and not _succeeded(reading):
                await self._artifacts.release()

    async def _send(self, call: Call, lease_id: bytes) -> None:
        """The header and every input; what goes wrong is told by who reads."""
        start, record = self._permit.start, self._permit.record
        header = pb.RunHeader(
            lease_id=lease_id,
            run_id=start.run_id,
            record=common_pb2.RecordRef(index=record.index, leaf_hash=record.leaf_hash),
            request=_as_sent(start.request),
        )
        with contextlib.suppress(*_CALL_OVER):
            await call.write(pb.RunRequest(header=header))
            async for chunk in _chunks(start.request):
                await call.write(pb.RunRequest(chunk=chunk))

    async def _read(self, call: Call) -> RunResult:
        try:
            message: Any
            while (message := await call.read()) is not grpc.aio.EOF:
                if message.WhichOneof("event") == "ended":
                    return self._result(message.ended)
                await self._take(call, message)
        except grpc.aio.AioRpcError as error:
            raise self._failure(ServiceError.from_rpc(error)) from error
        except OSError as error:
            raise SandboxUnavailable(f"there is no room for what the run left: {error}") from error
        raise self._lost("it ended the call without saying how the run did")

    async def _take(self, call: Call, message: pb.RunResponse) -> None:
        match message.WhichOneof("event"):
            case "begun":
                self._begun = True
            case "output" if self._artifacts is None:
                await self._hear(call, message.output)
            case "left" if self._artifacts is None and self._begun:
                announced, limits = message.left.artifacts, self._permit.limits
                large = is_large(sum(each.size for each in announced))
                self._artifacts = await aio.call(Artifacts, announced, limits, in_thread=large)
            case "artifact" if self._artifacts is not None:
                add, sent = self._artifacts.add, message.artifact
                await aio.call(add, sent.name, sent.data, in_thread=self._artifacts.on_disk)
            case "failed" if self._begun:
                self._used = messages.usage_of(message.failed.usage)
            case other:
                raise SandboxUnavailable(f"the worker said {other} out of turn")

    async def _hear(self, call: Call, output: executor_pb2.Output) -> None:
        """Pass on what the program wrote; whoever cannot take it any more has left, and the run ends."""
        stream = messages.stream_name(output)
        if not stream or not self._begun:
            raise SandboxUnavailable("the worker sent output of no stream, or of no run")
        self._heard[stream] += len(output.data)
        if self._heard[stream] > self._permit.limits.output_kib * KIB:
            raise SandboxUnavailable("the worker sent more output than the approval allows")
        if self._deaf:
            return
        try:
            await self._on_output(stream, output.data)
        except Exception as error:  # whatever it is, it is the caller's, and raised once the run is dead
            self._gone = error
            await self._ask_for_the_end(call)

    async def _ask_for_the_end(self, call: Call) -> None:
        self._deaf = True
        with contextlib.suppress(*_CALL_OVER):
            await call.write(pb.RunRequest(cancel=pb.CancelRun()))

    def _result(self, ended: pb.RunEnded) -> RunResult:
        if self._artifacts is None:
            raise SandboxUnavailable("the worker did not say what the run left")
        result = RunResult(
            status=_status(ended.status),
            exit_code=ended.exit_code if ended.HasField("exit_code") else None,
            signal=ended.signal or None,
            usage=messages.usage_of(ended.usage),
            artifacts=self._artifacts.finish(),
            stdout_truncated=ended.stdout_truncated,
            stderr_truncated=ended.stderr_truncated,
            violations=told.violations(ended),
            notices=told.notices(ended),
        )
        if self._gone is not None:
            self._on_cancelled(result.cancelled)
            raise self._gone
        return result

    async def _cancel(self, call: Call, reading: asyncio.Task[RunResult]) -> None:
        """Have it killed, and hear what it had used if that is told soon."""
        if not self._begun:
            return
        if self._gone is None:
            await self._ask_for_the_end(call)
        await asyncio.wait({reading}, timeout=CANCEL_S)
        if _succeeded(reading):
            result = reading.result()
            self._on_cancelled(result.cancelled)
            await result.release()

    def _failure(self, error: ServiceError) -> Exception:
        if self._gone is not None:
            return self._gone
        if self._begun and error.reason == "SANDBOX_UNAVAILABLE":
            failed = SandboxUnavailable(error.message)
            failed.usage = self._used
            return failed
        if self._begun or _may_do_elsewhere(error):
            return self._lost(str(error))
        return WorkerRefused(error)

    def _lost(self, why: str) -> Exception:
        return WorkerLost(f"the worker is lost: {why}") if self._begun else NotBegun(why)


def _may_do_elsewhere(error: ServiceError) -> bool:
    """Whether it says something of that worker only, and nothing of the run."""
    return error.code in _ELSEWHERE or error.reason in _BEHIND or error.reason.startswith("LEASE_")


def _as_sent(request: RunRequest) -> executor_pb2.ExecuteHeader:
    """What the caller sent, but for whom it is: that is no business of a worker's."""
    refs = [
        common_pb2.InputRef(name=each.name, sha256=each.sha256, size=each.size) for each in request.inputs
    ]
    return executor_pb2.ExecuteHeader(
        request_id=request.request_id, program=request.program, approval=request.approval, inputs=refs
    )


async def _chunks(request: RunRequest) -> AsyncIterator[common_pb2.InputChunk]:
    for each in request.inputs:
        async for data in each.held.stream():
            yield common_pb2.InputChunk(name=each.name, data=data)


def _status(number: int) -> RunStatus:
    known = common_pb2.RunStatus.DESCRIPTOR.values_by_number
    name = known[number].name.removeprefix("RUN_STATUS_") if number in known else ""
    if name in RunStatus.__members__:
        return RunStatus[name]
    raise SandboxUnavailable("the worker told an end that we do not know")


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None

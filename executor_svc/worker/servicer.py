"""WorkerService: messages to runs, events to messages (docs/workers.md §1 and §2).

Every approval is judged here, whatever the front has judged. Must not know the log: a worker has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import grpc
import structlog
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2
from placetpb.worker.v1 import worker_pb2 as pb
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc import messages
from executor_svc.admission import RunPermit
from executor_svc.places import Here
from executor_svc.receiving import deadline, in_time, out_of_order, receive
from executor_svc.refusals import to_error
from executor_svc.sandbox import RunResult, SandboxUnavailable, aio
from executor_svc.sandbox.types import NOTHING_RAN
from executor_svc.worker import tenancy
from executor_svc.worker.judge import WorkerJudge
from executor_svc.worker.tenancy import Tenancy
from placet.approval import ApprovalRefused
from placet.audit.client import Appended
from placet.rpc import metrics
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_of

SERVICE: Final = "placetpb.worker.v1.WorkerService"
TENANT_BYTES: Final = 32

Context = grpc.aio.ServicerContext[Any, Any]
Requests = AsyncIterator[pb.RunRequest]

_log = structlog.get_logger()


class WorkerServicer(worker_pb2_grpc.WorkerServiceServicer):
    """One worker."""

    def __init__(self, *, tenancy: Tenancy, here: Here, judge: WorkerJudge) -> None:
        self._tenancy = tenancy
        self._here = here
        self._judge = judge

    async def Lease(self, request: pb.LeaseRequest, context: Context) -> None:
        """Grant, then keep the call open until the front closes it or this worker has to end."""
        if len(request.tenant) != TENANT_BYTES:
            raise out_of_order("TENANT_INVALID", "a tenant is named by the 32 bytes of its digest")
        lease = self._tenancy.grant()
        try:
            await context.write(pb.LeaseResponse(granted=self._granted(lease)))
            reason = await asyncio.shield(lease.ending)  # a front that leaves ends the call, not the word
            await context.write(pb.LeaseResponse(ending=pb.LeaseEnding(reason=reason)))
            await lease.idle.wait()
        finally:
            self._tenancy.give_back(lease)

    async def Run(self, request_iterator: Requests, context: Context) -> None:
        """Receive, judge, run, and tell; the lease's end is the run's end."""
        header = await _header(request_iterator)
        async with AsyncExitStack() as held:
            lease = held.enter_context(self._tenancy.run(header.lease_id))
            permit = await self._permit(header, request_iterator, caller_of(context).uri, held)
            self._tenancy.begin(lease)
            await context.write(pb.RunResponse(begun=pb.RunBegun()))
            result = await self._perform(permit, request_iterator, context)
            held.push_async_callback(result.release)
            metrics.WORKER_RUNS.labels(result.status.value).inc()
            await _tell_end(context, result)

    async def DescribeWorker(
        self, request: pb.DescribeWorkerRequest, context: Context
    ) -> pb.DescribeWorkerResponse:
        """What the self-test found, and whether somebody holds it."""
        return pb.DescribeWorkerResponse(
            tier=messages.tier(self._here.tier),
            isolation=self._here.isolation,
            libraries=self._here.libraries,
            concurrent_runs=self._tenancy.concurrent_runs,
            leased=self._tenancy.lease is not None,
            stages=sorted(self._here.stages),
        )

    def _granted(self, lease: tenancy.Lease) -> pb.LeaseGranted:
        return pb.LeaseGranted(
            lease_id=lease.id,
            tier=messages.tier(self._here.tier),
            isolation=self._here.isolation,
            libraries=self._here.libraries,
            concurrent_runs=self._tenancy.concurrent_runs,
            runs_left=self._tenancy.runs_left,
            stages=sorted(self._here.stages),
        )

    async def _permit(
        self, header: pb.RunHeader, requests: Requests, caller: str, held: AsyncExitStack
    ) -> RunPermit:
        """The whole request, judged."""
        arriving = receive(header.request, _chunks(header, requests), caller, held)
        request = await in_time(deadline(), arriving)
        try:
            return await self._judge.permit(
                request, Appended(header.record.index, header.record.leaf_hash, "")
            )
        except ApprovalRefused as refusal:
            metrics.WORKER_REFUSALS.labels(refusal.reason).inc()
            _log.warning("the front admitted what is refused", run_id=header.run_id, reason=refusal.reason)
            raise to_error(refusal) from refusal

    async def _perform(self, permit: RunPermit, requests: Requests, context: Context) -> RunResult:
        """How the run ended: by itself, by a limit, or because the front asked for it."""

        async def tell(stream: str, data: bytes) -> None:
            async with writing:
                for output in messages.outputs(stream, data):
                    await context.write(pb.RunResponse(output=output))

        left, writing = [NOTHING_RAN], asyncio.Lock()  # both streams write, and gRPC takes one write
        running = asyncio.create_task(self._here.run(permit, tell, left.append))
        asking = asyncio.create_task(_cancel_asked(requests))
        try:
            await asyncio.wait({running, asking}, return_when=asyncio.FIRST_COMPLETED)
            if running.done() or not await asking:
                return await running
            running.cancel()
            await asyncio.wait({running})
            return left[-1] if running.cancelled() else await running
        except SandboxUnavailable as error:
            if error.usage is not None:
                failed = pb.RunFailed(usage=messages.usage(error.usage))
                await context.write(pb.RunResponse(failed=failed))
            raise _sandbox_failed(error) from error
        finally:
            await aio.over(running, asking)


async def _header(requests: Requests) -> pb.RunHeader:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "header":
        raise out_of_order("HEADER_MISSING", "the first message must be the header")
    return first.header


async def _chunks(header: pb.RunHeader, requests: Requests) -> AsyncIterator[common_pb2.InputChunk]:
    """Until every byte that was declared is there: the stream stays open for a `cancel`."""
    missing = sum(ref.size for ref in header.request.inputs)
    while missing > 0:
        message = await anext(requests, None)
        if message is None:
            return  # which input is too short is told by who assembles them
        if message.WhichOneof("message") != "chunk":
            raise out_of_order("CHUNK_MISSING", f"{missing} bytes of inputs must come first")
        missing -= len(message.chunk.data)
        yield message.chunk


async def _cancel_asked(requests: Requests) -> bool:
    """True once the front asks for the end; False if it will not ask any more."""
    message = await anext(requests, None)
    if message is None:
        return False
    if message.WhichOneof("message") != "cancel":
        raise out_of_order("CANCEL_EXPECTED", "after the inputs only `cancel` may follow")
    return True


async def _tell_end(context: Context, result: RunResult) -> None:
    """What is to come, the artifacts' bytes, then the end."""
    left = [messages.artifact(artifact) for artifact in result.artifacts]
    await context.write(pb.RunResponse(left=pb.RunLeft(artifacts=left)))
    for artifact in result.artifacts:
        async for data in artifact.held.stream():
            chunk = executor_pb2.ArtifactChunk(name=artifact.name, data=data)
            await context.write(pb.RunResponse(artifact=chunk))
    ended = pb.RunEnded(
        status=f"RUN_STATUS_{result.status.value}",
        exit_code=result.exit_code,
        signal=result.signal or 0,
        usage=messages.usage(result.usage),
        stdout_truncated=result.stdout_truncated,
        stderr_truncated=result.stderr_truncated,
        violations=messages.violations(result.violations),
        notices=result.notices,
    )
    await context.write(pb.RunResponse(ended=ended))


def _sandbox_failed(error: SandboxUnavailable) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE, "SANDBOX_UNAVAILABLE", f"this worker's sandbox failed: {error}"
    )

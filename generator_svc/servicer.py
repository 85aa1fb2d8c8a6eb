"""GeneratorService: messages to domain and back, nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc

from generator_svc import ports
from generator_svc.places import Places
from generator_svc.solve import Solver
from generator_svc.task import Declared, InputCollector, Task, TaskRefused, check_wait, check_words
from placet.audit.client import Appended
from placet.rpc import metrics
from placet.rpc.deadline import MAX_RPC_S, Deadline
from placet.rpc.errors import ServiceError
from placet.rpc.identity import AllowList, caller_of
from placet.rpc.telemetry import annotate

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE = generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name
ALLOW: AllowList = {f"/{SERVICE}/Solve": frozenset({"caller/*"})}
UPLOAD_S = 120.0
_VERDICTS = {
    ports.Verdict.ALLOWED: common_pb2.VERDICT_ALLOWED,
    ports.Verdict.DENIED: common_pb2.VERDICT_DENIED,
    ports.Verdict.NEEDS_REVIEW: common_pb2.VERDICT_NEEDS_REVIEW,
}
_OUTCOMES = {
    ports.Outcome.DONE: generator_pb2.OUTCOME_DONE,
    ports.Outcome.DENIED: generator_pb2.OUTCOME_DENIED,
    ports.Outcome.NEEDS_REVIEW: generator_pb2.OUTCOME_NEEDS_REVIEW,
    ports.Outcome.PROGRAM_FAILED: generator_pb2.OUTCOME_PROGRAM_FAILED,
}
_STREAMS = {"stdout": common_pb2.OUTPUT_STREAM_STDOUT, "stderr": common_pb2.OUTPUT_STREAM_STDERR}


class GeneratorServicer(generator_pb2_grpc.GeneratorServiceServicer):
    """Translates between the stream and `Solver`."""

    def __init__(self, solver: Solver, places: Places) -> None:
        self._solver, self._places = solver, places

    async def Solve(
        self, request_iterator: AsyncIterator[generator_pb2.SolveRequest], context: Context
    ) -> None:
        """See generator.proto."""
        caller = caller_of(context).uri
        async with AsyncExitStack() as held:
            held.enter_context(metrics.TASKS_IN_FLIGHT.track_inprogress())
            await held.enter_async_context(self._places.solving(caller))
            held.enter_context(metrics.TASKS_PLACED.track_inprogress())
            task = await self._receive(request_iterator, caller)
            annotate(request_id=task.request_id, scope=task.scope)
            deadline = Deadline.of(context, maximum_s=MAX_RPC_S + task.review_wait_s)

            async def tell(event: ports.Event) -> None:
                await context.write(response(event))

            async with within(deadline):
                await self._solver.solve(task, tell, deadline)

    async def _receive(self, requests: AsyncIterator[generator_pb2.SolveRequest], caller: str) -> Task:
        first = generator_pb2.Task()
        try:
            async with asyncio.timeout(UPLOAD_S):
                first = await _first(requests)
                return await _task(first, requests, caller)
        except TaskRefused as err:
            await self._solver.refuse(_recordable(first.request_id), caller, err.reason, err.message)
            raise ServiceError(grpc.StatusCode.INVALID_ARGUMENT, err.reason, err.message) from err
        except TimeoutError:
            message = f"The inputs did not arrive within {UPLOAD_S:.0f} s; send them faster or send less."
            await self._solver.refuse(_recordable(first.request_id), caller, "UPLOAD_TIMED_OUT", message)
            raise ServiceError(grpc.StatusCode.DEADLINE_EXCEEDED, "UPLOAD_TIMED_OUT", message) from None


@asynccontextmanager
async def within(deadline: Deadline) -> AsyncIterator[None]:
    """The server's own limit leaves room for the longest wait; this is the one of this task."""
    try:
        async with asyncio.timeout(deadline.remaining_s()) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise ServiceError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "DEADLINE_EXCEEDED",
            "The time for this task is over. Call with a longer deadline, or ask for less.",
        ) from None


async def _first(requests: AsyncIterator[generator_pb2.SolveRequest]) -> generator_pb2.Task:
    async for request in requests:
        if request.WhichOneof("message") == "task":
            return request.task
        break
    raise TaskRefused("TASK_MISSING", "the first message must be the task")


async def _task(
    first: generator_pb2.Task, requests: AsyncIterator[generator_pb2.SolveRequest], caller: str
) -> Task:
    check_words(first.request_id, first.scope, first.text)
    check_wait(first.review_wait_s)
    collector = InputCollector([Declared(i.name, i.sha256, i.size) for i in first.inputs])
    if not collector.all_received():
        async for request in requests:
            if request.WhichOneof("message") != "chunk":
                raise TaskRefused("TASK_TWICE", "after the first message only input chunks may follow")
            collector.add(request.chunk.name, request.chunk.data)
            if collector.all_received():
                break
    inputs = collector.complete()
    return Task(first.request_id, first.scope, first.text, inputs, caller, first.review_wait_s)


def _recordable(request_id: str) -> str:
    """A request id as the log takes it; an unfit one is left out."""
    fit = (
        len(request_id) <= 64 and request_id.isascii() and request_id.isprintable() and " " not in request_id
    )
    return request_id if fit else ""


def response(event: ports.Event) -> generator_pb2.SolveResponse:
    """One event as it travels."""
    match event:
        case ports.Progress():
            progress = generator_pb2.Progress(stage=event.stage, attempt=event.attempt, detail=event.detail)
            return generator_pb2.SolveResponse(progress=progress)
        case ports.ProgramWritten():
            return generator_pb2.SolveResponse(program=_program(event))
        case ports.VerdictReached():
            return generator_pb2.SolveResponse(verdict=_verdict(event))
        case ports.RunOutput():
            output = generator_pb2.Output(stream=_STREAMS[event.stream], data=event.data)
            return generator_pb2.SolveResponse(output=output)
        case ports.ArtifactData():
            chunk = generator_pb2.ArtifactChunk(name=event.name, data=event.data)
            return generator_pb2.SolveResponse(artifact=chunk)
        case ports.Finished():
            return generator_pb2.SolveResponse(finished=_finished(event))


def _program(event: ports.ProgramWritten) -> generator_pb2.Program:
    return generator_pb2.Program(
        source=event.program,
        sha256=event.sha256,
        attempt=event.attempt,
        model=event.model,
        plan=event.plan,
    )


def _verdict(event: ports.VerdictReached) -> generator_pb2.VerdictReached:
    return generator_pb2.VerdictReached(
        verdict=_VERDICTS[event.verdict],
        risk_pct=event.risk_pct,
        findings=event.findings,
        decided_by=event.decided_by,
        screening=event.screening,
        attempt=event.attempt,
        advice=event.advice,
    )


def _finished(event: ports.Finished) -> generator_pb2.Finished:
    finished = generator_pb2.Finished(
        outcome=_OUTCOMES[event.outcome], record=_record(event.record), checkpoint=event.record.checkpoint
    )
    if event.run is not None:
        run = event.run
        finished.status, finished.exit_code, finished.signal = run.status, run.exit_code, run.signal
        finished.usage.CopyFrom(run.usage)
        finished.artifacts.extend(run.artifacts)
        finished.tier = run.tier
        finished.stdout_truncated, finished.stderr_truncated = run.stdout_truncated, run.stderr_truncated
        finished.violations.extend(run.violations)
        finished.notices.extend(run.notices)
    return finished


def _record(appended: Appended) -> common_pb2.RecordRef:
    return common_pb2.RecordRef(index=appended.index, leaf_hash=appended.leaf_hash)

"""What product teams import: the whole chain as an asynchronous client, and the same verbs without asyncio.

    async with Placet.connect() as placet:                    # the stack that `placet up` started
        result = await placet.solve("Mean price per region?", scope="data-analysis", inputs=["sales.csv"])
        print(result.outcome, result.stdout)

A denial and a program that fails are answers (`Result.outcome`); ServiceError means that there is no answer.
Verbs that work take `timeout_s`; cancelling their task cancels the work in the services. Knows the services'
RPCs and where one machine's stack keeps its addresses; decides nothing that a service decides.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc
from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from placet import wire
from placet.answers import (
    Artifact,
    Event,
    LogRecord,
    Outcome,
    Output,
    Pool,
    Program,
    Progress,
    Result,
    Review,
    RunStarted,
    ScopeDocument,
    ScopeRef,
    Verdict,
    VerdictReached,
)
from placet.inputs import InputLike, read_inputs
from placet.local.layout import Layout, default_state
from placet.local.lock import holder
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

SERVICES = ("generator", "guard", "executor", "audit")
DEFAULT_TIMEOUT_S = 600.0
READ_TIMEOUT_S = 30.0

OnEvent = Callable[[Event], None]
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Endpoints:
    """Where the services are, by name (generator, guard, executor, audit), and who we are."""

    addresses: Mapping[str, str]
    tls: TlsFiles

    @classmethod
    def local(cls, state: Path | str | None = None) -> Endpoints:
        """The stack that `placet up` runs in a state directory; None means PLACET_STATE or its default.

        Raises:
            ServiceError: UNAVAILABLE/STACK_NOT_RUNNING.
        """
        layout = Layout(Path(state).absolute() if state else default_state())
        files = {name: layout.address_file(name) for name in SERVICES}
        addresses = {name: file.read_text().strip() for name, file in files.items() if file.is_file()}
        if holder(layout.lock) is None or not addresses:
            raise ServiceError(
                grpc.StatusCode.UNAVAILABLE,
                "STACK_NOT_RUNNING",
                f"no stack is running on {layout.state}; start one with `placet --state {layout.state} up --detach`",
            )
        tls = TlsFiles(layout.pki / "ca.pem", layout.pki / "local.pem", layout.pki / "local.key")
        return cls(addresses, tls)


def _quiet(_: Event) -> None:
    """The listener of a caller who wants only the result."""


class Placet:
    """The chain as its callers see it. An asynchronous context manager; for one event loop."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Nothing is connected until the first call."""
        self._endpoints = endpoints
        self._channels: dict[str, grpc.aio.Channel] = {}

    @classmethod
    def connect(cls, state: Path | str | None = None, *, endpoints: Endpoints | None = None) -> Self:
        """A client of one machine's stack, or of the services at `endpoints`.

        Raises:
            ServiceError: UNAVAILABLE/STACK_NOT_RUNNING when there is no stack in `state`.
        """
        return cls(endpoints or Endpoints.local(state))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; calls in flight are cancelled."""
        channels, self._channels = self._channels, {}
        await asyncio.gather(*(channel.close() for channel in channels.values()))

    async def solve(
        self,
        task: str,
        *,
        scope: str,
        inputs: Sequence[InputLike] = (),
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        on_event: OnEvent = _quiet,
    ) -> Result:
        """Have a program written for `task`, reviewed and run; `on_event` sees each step as it happens.

        Args:
            task: what is wanted, in plain words; at most 8 KiB of UTF-8.
            scope: name of a scope that the caller may use.
            inputs: files (paths, or `Input`s), 64 MiB together.
            request_id: names the request in the log; repeating one with the same content repeats its answer.

        Raises:
            ServiceError: there is no answer; nothing is to be concluded about the task.
        """
        read = read_inputs(inputs)
        task_id = request_id or new_request_id()
        first = generator_pb2.SolveRequest(
            task=generator_pb2.Task(
                request_id=task_id, scope=scope, text=task, inputs=[item.ref() for item in read]
            )
        )
        requests = _messages(first, (generator_pb2.SolveRequest(chunk=c) for i in read for c in i.chunks()))
        stub = generator_pb2_grpc.GeneratorServiceStub(self._channel("generator"))  # type: ignore[no-untyped-call]
        gathered = _Gathered(task_id, on_event)
        async with _errors("generator"):
            call = stub.Solve(requests, timeout=timeout_s)
            async with _cancelled_with_us(call):
                async for message in call:
                    _on_solve_event(gathered, message)
        return gathered.result()

    async def run(
        self,
        program: bytes | str,
        *,
        scope: str,
        inputs: Sequence[InputLike] = (),
        task: str = "",
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        on_event: OnEvent = _quiet,
    ) -> Result:
        """Have your own program reviewed and, if it is allowed, run.

        Raises:
            ServiceError: see `review` and `execute`.
        """
        read = read_inputs(inputs)
        run_id = request_id or new_request_id()
        source = _as_bytes(program)
        on_event(Progress("reviewing"))
        review = await self.review(
            source, scope=scope, inputs=read, task=task, request_id=run_id, timeout_s=timeout_s
        )
        reached = VerdictReached(review.verdict, review.risk, review.findings, review.decided_by)
        on_event(reached)
        if review.verdict is not Verdict.ALLOWED:
            return _not_run(run_id, source, review, reached)
        on_event(Progress("running"))
        return await self.execute(
            source, review.approval, inputs=read, request_id=run_id, timeout_s=timeout_s, on_event=on_event
        )

    async def review(
        self,
        program: bytes | str,
        *,
        scope: str,
        inputs: Sequence[InputLike] = (),
        task: str = "",
        verdict_only: bool = False,
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Review:
        """The guard's verdict, recorded, with an approval for exactly these inputs when it is ALLOWED.

        The inputs' bytes stay here; the guard gets their names, sizes and digests.

        Raises:
            ServiceError: there is no verdict; the program is neither allowed nor denied.
        """
        request = guard_pb2.ReviewRequest(
            request_id=request_id or new_request_id(),
            scope=scope,
            program=_as_bytes(program),
            task=task,
            inputs=[item.ref() for item in read_inputs(inputs)],
            verdict_only=verdict_only,
        )
        async with _errors("guard"):
            reply = await self._guard().Review(request, timeout=timeout_s)
        return wire.review(reply.review, reply.approval, wire.record_ref(reply.verdict_record))

    async def execute(
        self,
        program: bytes | str,
        approval: bytes,
        *,
        inputs: Sequence[InputLike] = (),
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        on_event: OnEvent = _quiet,
    ) -> Result:
        """Run a program that carries an approval. Using the approval spends it, whatever comes of the run.

        Raises:
            ServiceError: PERMISSION_DENIED, FAILED_PRECONDITION or ALREADY_EXISTS with an APPROVAL_… reason when
                it was not admitted; UNAVAILABLE when executor, sandbox or log could not do it.
        """
        read = read_inputs(inputs)
        run_id = request_id or new_request_id()
        first = executor_pb2.ExecuteRequest(
            header=executor_pb2.ExecuteHeader(
                request_id=run_id,
                program=_as_bytes(program),
                approval=approval,
                inputs=[item.ref() for item in read],
            )
        )
        requests = _messages(first, (executor_pb2.ExecuteRequest(chunk=c) for i in read for c in i.chunks()))
        stub = executor_pb2_grpc.ExecutorServiceStub(self._channel("executor"))  # type: ignore[no-untyped-call]
        gathered = _Gathered(run_id, on_event, program=_as_bytes(program))
        async with _errors("executor"):
            call = stub.Execute(requests, timeout=timeout_s)
            async with _cancelled_with_us(call):
                async for message in call:
                    _on_run_event(gathered, message)
        return gathered.result()

    async def assess(
        self,
        program: bytes | str,
        *,
        scope: str = "",
        scope_document: bytes = b"",
        task: str = "",
        rules_only: bool = False,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Review:
        """The same analysis as `review`, unrecorded and without approval; also for a scope that is not loaded.

        Raises:
            ServiceError: there is no verdict.
        """
        request = guard_pb2.AssessRequest(
            scope=scope,
            scope_document=scope_document,
            program=_as_bytes(program),
            task=task,
            layers=guard_pb2.LAYERS_RULES if rules_only else guard_pb2.LAYERS_ALL,
        )
        async with _errors("guard"):
            reply = await self._guard().Assess(request, timeout=timeout_s)
        return wire.review(reply.review)

    async def scopes(self) -> tuple[ScopeRef, ...]:
        """The scopes that this caller may name."""
        async with _errors("guard"):
            reply = await self._guard().ListScopes(guard_pb2.ListScopesRequest(), timeout=READ_TIMEOUT_S)
        return tuple(wire.scope_ref(scope) for scope in reply.scopes)

    async def scope(self, name: str) -> ScopeDocument:
        """One loaded scope with its file's bytes.

        Raises:
            ServiceError: DATA_LOSS/SCOPE_DIGEST_MISMATCH when the bytes are not those that the digest names.
        """
        request = guard_pb2.DescribeScopeRequest(scope=name)
        async with _errors("guard"):
            reply = await self._guard().DescribeScope(request, timeout=READ_TIMEOUT_S)
        if hashlib.sha256(reply.document).digest() != reply.scope.sha256:
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "SCOPE_DIGEST_MISMATCH",
                f"the guard's file of scope {name!r} is not the one whose digest it names; restart the guard",
            )
        return ScopeDocument(wire.scope_ref(reply.scope), reply.document)

    async def pool(self) -> Pool:
        """What the executor offers."""
        stub = executor_pb2_grpc.ExecutorServiceStub(self._channel("executor"))  # type: ignore[no-untyped-call]
        async with _errors("executor"):
            reply = await stub.DescribePool(executor_pb2.DescribePoolRequest(), timeout=READ_TIMEOUT_S)
        tier = wire.tier(reply.tier) or "T0"
        return Pool(reply.audience, tier, tuple(reply.isolation), tuple(reply.libraries))

    async def records(
        self,
        *,
        kind: str = "",
        request_id: str = "",
        from_index: int = 0,
        limit: int = 100,
        newest_first: bool = False,
    ) -> tuple[LogRecord, ...]:
        """At most `limit` records of the audit log, filtered; empty strings do not filter."""
        found: list[LogRecord] = []
        next_index, more = from_index, True
        while more and len(found) < limit:
            request = audit_pb2.ListRecordsRequest(
                request_id=request_id,
                kind=kind,
                from_index=next_index,
                page_size=min(1000, limit - len(found)),
                descending=newest_first,
            )
            async with _errors("audit"):
                page = await self._audit().ListRecords(request, timeout=READ_TIMEOUT_S)
            found += [wire.log_record(record) for record in page.records]
            next_index, more = page.next_index, page.more and bool(page.records)
        return tuple(found)

    async def record(self, index: int, *, with_bodies: bool = True) -> tuple[LogRecord, Mapping[str, bytes]]:
        """One record and the bodies that are still kept, by role."""
        request = audit_pb2.GetRecordRequest(index=index, with_bodies=with_bodies)
        async with _errors("audit"):
            reply = await self._audit().GetRecord(request, timeout=READ_TIMEOUT_S)
        return wire.log_record(reply.record), {body.role: body.content for body in reply.bodies}

    async def checkpoint(self) -> tuple[str, str]:
        """The latest signed checkpoint, and the log's verification key as the log itself gives it."""
        async with _errors("audit"):
            reply = await self._audit().GetCheckpoint(
                audit_pb2.GetCheckpointRequest(), timeout=READ_TIMEOUT_S
            )
        return reply.checkpoint, reply.vkey

    async def tail(
        self, on_record: Callable[[LogRecord], None], *, from_index: int = 0, follow: bool = True
    ) -> None:
        """Call `on_record` for each record from an index on; with `follow`, until cancelled."""
        request = audit_pb2.TailRecordsRequest(from_index=from_index, follow=follow)
        async with _errors("audit"):
            call = self._audit().TailRecords(request)
            async with _cancelled_with_us(call):
                async for message in call:
                    on_record(wire.log_record(message.record))

    def _guard(self) -> guard_pb2_grpc.GuardServiceStub:
        return guard_pb2_grpc.GuardServiceStub(self._channel("guard"))  # type: ignore[no-untyped-call]

    def _audit(self) -> audit_pb2_grpc.AuditServiceStub:
        return audit_pb2_grpc.AuditServiceStub(self._channel("audit"))  # type: ignore[no-untyped-call]

    def _channel(self, name: str) -> grpc.aio.Channel:
        if name not in self._channels:
            address = self._endpoints.addresses.get(name)
            if address is None:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "SERVICE_NOT_RUNNING",
                    f"the {name} has no address; see `placet status`, then `placet down` and `placet up`",
                )
            self._channels[name] = connect(address, self._endpoints.tls, server=name)
        return self._channels[name]


def new_request_id() -> str:
    """A fresh name for a request."""
    return uuid.uuid4().hex


def _as_bytes(program: bytes | str) -> bytes:
    return program.encode() if isinstance(program, str) else program


async def _messages(first: R, rest: Any) -> AsyncIterator[R]:
    """The stream that a call sends: the header, then the inputs' chunks."""
    yield first
    for message in rest:
        yield message


@asynccontextmanager
async def _errors(service: str) -> AsyncIterator[None]:
    """Failed RPCs leave as the ServiceError that the peer raised, or as one that says who is unreachable."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        failure = ServiceError.from_rpc(error)
        if failure.reason in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            failure = ServiceError(
                failure.code,
                failure.reason,
                f"the {service} did not answer ({failure.message}); see `placet status`",
            )
        raise failure from error


@asynccontextmanager
async def _cancelled_with_us(call: Any) -> AsyncIterator[None]:
    """However the block ends, the call does not outlive it."""
    try:
        yield
    finally:
        call.cancel()


@dataclass
class _Gathered:
    """What a stream has told so far, and the result it amounts to once `finished` has come."""

    request_id: str
    on_event: OnEvent
    program: bytes = b""
    verdict: VerdictReached | None = None
    outputs: dict[str, bytearray] = field(
        default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()}
    )
    artifacts: dict[str, bytearray] = field(default_factory=dict)
    finished: Callable[[], Result] | None = None

    def tell(self, event: Event) -> None:
        """Remember what the result needs, then tell the listener."""
        if isinstance(event, Program):
            self.program = event.source
        elif isinstance(event, VerdictReached):
            self.verdict = event
        elif isinstance(event, Output):
            self.outputs[event.stream] += event.data
        self.on_event(event)

    def artifact(self, name: str, data: bytes) -> None:
        self.artifacts.setdefault(name, bytearray()).extend(data)

    def fresh_run(self) -> None:
        """A new attempt: what the last one printed and produced is not the answer."""
        self.artifacts.clear()
        for output in self.outputs.values():
            output.clear()

    def result(self) -> Result:
        """Raises ServiceError INTERNAL/ANSWER_INCOMPLETE unless `finished` has come."""
        if self.finished is None:
            raise ServiceError(
                grpc.StatusCode.INTERNAL,
                "ANSWER_INCOMPLETE",
                "the stream ended without saying how the request ended; see `placet audit list`",
            )
        return self.finished()

    def checked_artifacts(self, listed: Sequence[common_pb2.Artifact]) -> tuple[Artifact, ...]:
        """The artifacts that were listed, with bytes that have their digests."""
        return tuple(self._checked(item) for item in listed)

    def _checked(self, item: common_pb2.Artifact) -> Artifact:
        content = bytes(self.artifacts.get(item.name, b""))
        if hashlib.sha256(content).digest() != item.sha256:
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "ARTIFACT_DIGEST_MISMATCH",
                f"the bytes of artifact {item.name!r} are not those that the executor recorded; run it again",
            )
        return Artifact(item.name, item.sha256.hex(), len(content), item.media_type, content)


def _on_solve_event(gathered: _Gathered, message: generator_pb2.SolveResponse) -> None:
    kind = message.WhichOneof("event")
    if kind == "progress":
        gathered.tell(Progress(message.progress.stage, message.progress.attempt, message.progress.detail))
    elif kind == "program":
        gathered.fresh_run()
        told = message.program
        gathered.tell(Program(told.source, told.sha256.hex(), told.attempt, told.model))
    elif kind == "verdict":
        gathered.tell(_verdict_event(message.verdict))
    elif kind == "output":
        gathered.tell(Output(wire.stream(message.output.stream), message.output.data))
    elif kind == "artifact":
        gathered.artifact(message.artifact.name, message.artifact.data)
    elif kind == "finished":
        gathered.finished = functools.partial(_solved, gathered, message.finished)


def _verdict_event(message: generator_pb2.VerdictReached) -> VerdictReached:
    return VerdictReached(
        wire.verdict(message.verdict),
        message.risk_pct / 100,
        wire.findings(message.findings),
        message.decided_by,
        message.attempt,
        message.screening,
    )


def _on_run_event(gathered: _Gathered, message: executor_pb2.ExecuteResponse) -> None:
    kind = message.WhichOneof("event")
    if kind == "started":
        started = message.started
        gathered.tell(
            RunStarted(started.run_id, wire.tier(started.tier) or "T0", wire.record_ref(started.record))
        )
    elif kind == "output":
        gathered.tell(Output(wire.stream(message.output.stream), message.output.data))
    elif kind == "artifact":
        gathered.artifact(message.artifact.name, message.artifact.data)
    elif kind == "finished":
        gathered.finished = functools.partial(_executed, gathered, message.finished)


def _solved(gathered: _Gathered, message: generator_pb2.Finished) -> Result:
    outcome = wire.outcome(message.outcome)
    if outcome is None:
        raise ServiceError(
            grpc.StatusCode.INTERNAL,
            "ANSWER_UNKNOWN",
            f"the generator ended with outcome {message.outcome}, which this client does not know; update it",
        )
    return _result(gathered, message, outcome)


def _executed(gathered: _Gathered, message: executor_pb2.RunFinished) -> Result:
    done = message.status == common_pb2.RUN_STATUS_EXITED and message.exit_code == 0
    return _result(gathered, message, Outcome.DONE if done else Outcome.PROGRAM_FAILED)


def _result(
    gathered: _Gathered, message: generator_pb2.Finished | executor_pb2.RunFinished, outcome: Outcome
) -> Result:
    return Result(
        request_id=gathered.request_id,
        outcome=outcome,
        status=wire.status(message.status),
        exit_code=message.exit_code,
        signal=message.signal,
        usage=wire.usage(message.usage),
        artifacts=gathered.checked_artifacts(message.artifacts),
        tier=wire.tier(message.tier),
        record=wire.record_ref(message.record, message.checkpoint) if message.HasField("record") else None,
        stdout_bytes=bytes(gathered.outputs["stdout"]),
        stderr_bytes=bytes(gathered.outputs["stderr"]),
        program=gathered.program,
        verdict=gathered.verdict,
    )


def _not_run(request_id: str, program: bytes, review: Review, reached: VerdictReached) -> Result:
    """The result of a program that was not allowed."""
    return Result(
        request_id=request_id,
        outcome=Outcome(review.verdict.value),
        status=None,
        exit_code=0,
        signal=0,
        usage=wire.usage(common_pb2.Usage()),
        artifacts=(),
        tier=None,
        record=review.record,
        program=program,
        verdict=reached,
    )


def _blocking(
    verb: Callable[Concatenate[Placet, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[PlacetSync, P], R]:
    """The same verb, with the same arguments, that waits for its answer."""

    @functools.wraps(verb)
    def call(self: PlacetSync, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._runner.run(verb(self._client, *args, **kwargs))

    return call  # type: ignore[return-value]  # functools.wraps hides the plain signature


class PlacetSync:
    """`Placet` without asyncio: every verb blocks. Not for use inside an event loop, nor from several threads."""

    def __init__(self, client: Placet) -> None:
        self._client = client
        self._runner = asyncio.Runner()

    @classmethod
    def connect(cls, state: Path | str | None = None, *, endpoints: Endpoints | None = None) -> Self:
        """See `Placet.connect`."""
        return cls(Placet.connect(state, endpoints=endpoints))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and the event loop."""
        self._runner.run(self._client.close())
        self._runner.close()

    solve = _blocking(Placet.solve)
    run = _blocking(Placet.run)
    review = _blocking(Placet.review)
    execute = _blocking(Placet.execute)
    assess = _blocking(Placet.assess)
    scopes = _blocking(Placet.scopes)
    scope = _blocking(Placet.scope)
    pool = _blocking(Placet.pool)
    records = _blocking(Placet.records)
    record = _blocking(Placet.record)
    checkpoint = _blocking(Placet.checkpoint)
    tail = _blocking(Placet.tail)

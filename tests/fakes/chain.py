"""The four services as servicers that answer what a test says, on unix sockets with mutual TLS.

async with chain(state) as fakes:      # `placet --state state …` reaches them
    fakes.guard.verdict = common_pb2.VERDICT_DENIED
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import structlog
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc
from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from placet.audit.columns import class_of, columns_of, words_of
from placet.audit.record import BodyRef, Record
from placet.local.layout import Layout
from placet.local.lock import held
from placet.pki import issue
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_of, caller_uri, reviewer_uri
from tests.fakes.memory_log import MemoryLog
from tests.fakes.rpc import Authority, serving

SCOPE = b"""\
apiVersion: placet/v1
kind: Scope
metadata: {name: data-analysis, version: 3, owner: insights}
purpose: Answer questions about the attached tables.
allow: {imports: [pandas], read: [inputs], write: [outputs]}
examples:
  allowed: ["print(1)"]
  denied: ["import os"]
"""
SCOPE_REF = common_pb2.ScopeRef(name="data-analysis", version=3, sha256=hashlib.sha256(SCOPE).digest())
CHECKPOINT = "placet.local/log\n7\nroot=\n\n— placet.local/log sig\n"
PNG = b"\x89PNG\r\n\x1a\n figure"


def finding(line: int = 1, quote: str = "import os") -> common_pb2.Finding:
    return common_pb2.Finding(
        rule_id="capability.process.os",
        severity=common_pb2.SEVERITY_HIGH,
        line=line,
        end_line=line,
        message="os reaches the system; the scope does not allow it",
        source=common_pb2.FINDING_SOURCE_RULE,
        quote=quote,
        column=1,
        end_column=1 + len(quote),
        what="A process.",
        why="A process is outside the program that was reviewed.",
        instead="Compute in Python.",
        cwe="CWE-78",
        documentation="docs/rules.md#capabilityprocessos",
    )


def advice() -> common_pb2.Advice:
    return common_pb2.Advice(
        owner="insights",
        changes=["allow.imports: add os"],
        rules_verdict=common_pb2.VERDICT_ALLOWED,
        complete=True,
    )


def opinion(risk: float) -> guard_pb2.ReviewerOpinion:
    """What a reviewer model said."""
    return guard_pb2.ReviewerOpinion(
        risk=risk,
        stance="clean",
        complete=True,
        model="a-model",
        population="confined",
        prompt_tokens=1000,
        cached_tokens=900,
        completion_tokens=1,
    )


@dataclass
class FakeGuard(guard_pb2_grpc.GuardServiceServicer):
    """Answers every review with `verdict`; `marked` programs are denied whatever it is."""

    verdict: int = common_pb2.VERDICT_ALLOWED
    marked: bytes = b"import os"
    risk_of: Callable[[bytes], float] | None = None
    """The reviewer model's risk of a program, told where it is asked for anyway."""
    error: ServiceError | None = None
    requests: list[Any] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    """Who asked for reviews, as "caller/local"."""

    def _answer(self, request: Any) -> guard_pb2.ReviewedProgram:
        self.requests.append(request)
        if self.error:
            raise self.error
        denied = self.marked in request.program
        verdict = common_pb2.VERDICT_DENIED if denied else self.verdict
        size = len(request.program)
        return guard_pb2.ReviewedProgram(
            verdict=verdict,
            risk_pct=97 if denied else 2,
            findings=[finding()] if denied else [],
            decided_by="rules" if denied else "rules+reviewer",
            coverage=guard_pb2.Coverage(
                bytes_total=size, bytes_reviewed=size, rules_complete=True, reviewer="complete"
            ),
            program_sha256=hashlib.sha256(request.program).digest(),
            scope=SCOPE_REF,
            elapsed_ms=12,
            advice=advice() if denied else None,
        )

    async def Review(self, request: Any, context: Any) -> guard_pb2.ReviewResponse:  # noqa: N802
        self.callers.append(caller_of(context).path)
        review = self._answer(request)
        return guard_pb2.ReviewResponse(
            review=review,
            approval=b"" if request.verdict_only else b'{"approval": "of a fake"}',
            verdict_record=common_pb2.RecordRef(index=5, leaf_hash=b"\5" * 32),
        )

    async def Assess(self, request: Any, context: Any) -> guard_pb2.AssessResponse:  # noqa: N802
        review = self._answer(request)
        if self.risk_of and request.layers == guard_pb2.LAYERS_REVIEWER:
            review.opinion.CopyFrom(opinion(self.risk_of(request.program)))
        return guard_pb2.AssessResponse(review=review)

    async def ListScopes(self, request: Any, context: Any) -> guard_pb2.ListScopesResponse:  # noqa: N802
        return guard_pb2.ListScopesResponse(scopes=[SCOPE_REF])

    async def DescribeScope(self, request: Any, context: Any) -> guard_pb2.DescribeScopeResponse:  # noqa: N802
        return guard_pb2.DescribeScopeResponse(scope=SCOPE_REF, document=SCOPE)


@dataclass
class FakeExecutor(executor_pb2_grpc.ExecutorServiceServicer):
    """Streams one line and one artifact, then ends as told."""

    status: int = common_pb2.RUN_STATUS_EXITED
    exit_code: int = 0
    stdout: bytes = b"3700.66\n"
    artifact: tuple[str, bytes] | None = ("figure.png", PNG)
    artifact_sha256: bytes | None = None
    media_type: str = "image/png"
    violations: list[common_pb2.Violation] = field(default_factory=list)
    error: ServiceError | None = None
    hang: bool = False
    silent_end: bool = False
    stdout_truncated: bool = False
    hanging: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    received: dict[str, bytes] = field(default_factory=dict)
    header: Any = None

    async def Execute(self, requests: Any, context: Any) -> AsyncIterator[executor_pb2.ExecuteResponse]:  # noqa: N802
        async for message in requests:
            if message.HasField("header"):
                self.header = message.header
            else:
                chunk = message.chunk
                self.received[chunk.name] = self.received.get(chunk.name, b"") + chunk.data
        if self.error:
            raise self.error
        yield executor_pb2.ExecuteResponse(
            started=executor_pb2.RunStarted(
                run_id="run-1", tier=common_pb2.TIER_T1, record=common_pb2.RecordRef(index=6)
            )
        )
        for half in (self.stdout[:2], self.stdout[2:]):
            yield executor_pb2.ExecuteResponse(
                output=executor_pb2.Output(stream=common_pb2.OUTPUT_STREAM_STDOUT, data=half)
            )
        if self.hang:
            await self._hang()
        if not self.silent_end:
            for event in self._end():
                yield event

    async def _hang(self) -> None:
        try:
            self.hanging.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    def _end(self) -> Iterator[executor_pb2.ExecuteResponse]:
        listed = []
        if self.artifact:
            name, content = self.artifact
            digest = self.artifact_sha256 or hashlib.sha256(content).digest()
            listed = [
                common_pb2.Artifact(name=name, sha256=digest, size=len(content), media_type=self.media_type)
            ]
            yield executor_pb2.ExecuteResponse(
                artifact=executor_pb2.ArtifactChunk(name=name, data=content[:4])
            )
            yield executor_pb2.ExecuteResponse(
                artifact=executor_pb2.ArtifactChunk(name=name, data=content[4:])
            )
        yield executor_pb2.ExecuteResponse(
            finished=executor_pb2.RunFinished(
                status=self.status,
                exit_code=self.exit_code,
                usage=common_pb2.Usage(wall_ms=40, cpu_ms=30, max_memory_bytes=1 << 20, max_threads=3),
                artifacts=listed,
                tier=common_pb2.TIER_T1,
                record=common_pb2.RecordRef(index=7, leaf_hash=b"\7" * 32),
                checkpoint=CHECKPOINT,
                stdout_truncated=self.stdout_truncated,
                violations=self.violations,
            )
        )

    async def DescribePool(self, request: Any, context: Any) -> executor_pb2.DescribePoolResponse:  # noqa: N802
        return executor_pb2.DescribePoolResponse(audience="local", tier=common_pb2.TIER_T1)


@dataclass
class FakeGenerator(generator_pb2_grpc.GeneratorServiceServicer):
    """Tells a whole chain's events; ends as `outcome` says."""

    outcome: int = generator_pb2.OUTCOME_DONE
    program: bytes = b"import pandas as pd\nprint(1)\n"
    error: ServiceError | None = None
    task: Any = None
    received: dict[str, bytes] = field(default_factory=dict)

    async def Solve(self, requests: Any, context: Any) -> AsyncIterator[generator_pb2.SolveResponse]:  # noqa: N802
        async for message in requests:
            if message.HasField("task"):
                self.task = message.task
            else:
                chunk = message.chunk
                self.received[chunk.name] = self.received.get(chunk.name, b"") + chunk.data
        if self.error:
            raise self.error
        for event in self._events():
            yield event

    def _events(self) -> Iterator[generator_pb2.SolveResponse]:
        done = self.outcome == generator_pb2.OUTCOME_DONE
        yield generator_pb2.SolveResponse(progress=generator_pb2.Progress(stage="generating", attempt=1))
        yield generator_pb2.SolveResponse(
            program=generator_pb2.Program(
                source=self.program, sha256=hashlib.sha256(self.program).digest(), attempt=1, model="fake"
            )
        )
        yield generator_pb2.SolveResponse(
            verdict=generator_pb2.VerdictReached(
                verdict=common_pb2.VERDICT_ALLOWED if done else common_pb2.VERDICT_DENIED,
                risk_pct=2 if done else 97,
                findings=[] if done else [finding()],
                decided_by="rules",
                attempt=1,
                advice=None if done else advice(),
            )
        )
        if done:
            yield generator_pb2.SolveResponse(
                output=generator_pb2.Output(stream=common_pb2.OUTPUT_STREAM_STDOUT, data=b"1\n")
            )
        yield generator_pb2.SolveResponse(
            finished=generator_pb2.Finished(
                outcome=self.outcome,
                status=common_pb2.RUN_STATUS_EXITED if done else common_pb2.RUN_STATUS_UNSPECIFIED,
                record=common_pb2.RecordRef(index=9, leaf_hash=b"\1" * 32),
                checkpoint=CHECKPOINT,
            )
        )


@dataclass
class FakeAudit(audit_pb2_grpc.AuditServiceServicer):
    """Keeps records in a MemoryLog and serves them as leaves."""

    log: MemoryLog = field(default_factory=MemoryLog)
    time: str = "2026-11-24T10:00:00.000000Z"
    erased: dict[int, set[str]] = field(default_factory=dict)
    exports: list[str] = field(default_factory=list)
    decisions: list[audit_pb2.AwaitReviewResponse | ServiceError] = field(default_factory=list)
    """What those who wait for people are told, one after the other; then nothing."""
    awaited: list[audit_pb2.AwaitReviewRequest] = field(default_factory=list)
    usage: audit_pb2.GetUsageResponse = field(default_factory=audit_pb2.GetUsageResponse)
    usage_asked: list[audit_pb2.GetUsageRequest] = field(default_factory=list)

    async def GetUsage(self, request: Any, context: Any) -> audit_pb2.GetUsageResponse:  # noqa: N802
        self.usage_asked.append(request)
        return self.usage

    async def AwaitReview(self, request: Any, context: Any) -> audit_pb2.AwaitReviewResponse:  # noqa: N802
        self.awaited.append(request)
        if not self.decisions:
            await asyncio.sleep(60)
        told = self.decisions.pop(0)
        if isinstance(told, ServiceError):
            raise told
        return told

    async def Append(self, request: Any, context: Any) -> audit_pb2.AppendResponse:  # noqa: N802
        bodies = {body.role: body.content for body in request.bodies}
        answer = await self.log.append(
            request.kind,
            json.loads(request.body_json),
            request_id=request.request_id,
            bodies=bodies,
            idempotency_key=request.idempotency_key,
        )
        return audit_pb2.AppendResponse(index=answer.index, leaf_hash=answer.leaf_hash, checkpoint=CHECKPOINT)

    def _leaf(self, index: int) -> Record:
        kept = self.log.records[index]
        refs = tuple(BodyRef(role, "0" * 64, len(content)) for role, content in kept.bodies.items())
        actor = "spiffe://placet.local/svc/guard"
        return Record(CHECKPOINT.split()[0], self.time, kept.kind, kept.request_id, actor, kept.body, refs)

    def _record(self, index: int) -> audit_pb2.Record:
        leaf, digest = self._leaf(index).encode(), self.log.records[index].answer.leaf_hash
        return audit_pb2.Record(index=index, leaf=leaf, leaf_hash=digest)

    def _kept(self, index: int) -> dict[str, bytes]:
        gone = self.erased.get(index, set())
        return {role: body for role, body in self.log.records[index].bodies.items() if role not in gone}

    async def EraseBodies(self, request: Any, context: Any) -> audit_pb2.EraseBodiesResponse:  # noqa: N802
        gone = [
            audit_pb2.ErasedBody(index=record.index, role=role)
            for record in self.log.records
            if record.request_id == request.request_id
            for role in self._kept(record.index)
            if not request.classes or class_of(role) in request.classes
        ]
        for body in gone:
            self.erased.setdefault(body.index, set()).add(body.role)
        named = [{"index": body.index, "role": body.role} for body in gone]
        body = {"by": "spiffe://placet.local/caller/local", "reason": request.reason, "erased": named}
        done = await self.log.append("bodies_erased", body, request_id=request.request_id)
        return audit_pb2.EraseBodiesResponse(erased=gone, recorded=[done.index])

    async def GetRecord(self, request: Any, context: Any) -> audit_pb2.GetRecordResponse:  # noqa: N802
        if request.index >= len(self.log.records):
            raise ServiceError(grpc.StatusCode.NOT_FOUND, "RECORD_UNKNOWN", "no such record")
        kept = self._kept(request.index)
        bodies = kept if request.with_bodies else {}
        return audit_pb2.GetRecordResponse(
            record=self._record(request.index),
            bodies=[audit_pb2.Body(role=role, content=content) for role, content in bodies.items()],
            kept=list(kept),
        )

    async def ListRecords(self, request: Any, context: Any) -> audit_pb2.ListRecordsResponse:  # noqa: N802
        """Pages of two, so that a client that stops at the first page is found out."""
        fit = [
            index
            for index, record in ((r.index, self._leaf(r.index)) for r in self.log.records)
            if _fits(record, request)
        ]
        if request.descending:
            fit = [index for index in reversed(fit) if not request.from_index or index < request.from_index]
        else:
            fit = [index for index in fit if index >= request.from_index]
        page = fit[: min(2, request.page_size or 100)]
        more = len(fit) > len(page)
        next_index = page[-1] + (0 if request.descending else 1) if more else 0
        records = [self._record(index) for index in page]
        return audit_pb2.ListRecordsResponse(records=records, next_index=next_index, more=more)

    async def TailRecords(self, request: Any, context: Any) -> AsyncIterator[audit_pb2.TailRecordsResponse]:  # noqa: N802
        self.exports.append(request.format)
        for record in self.log.records[request.from_index :]:
            yield audit_pb2.TailRecordsResponse(record=self._record(record.index))


def _fits(record: Record, request: Any) -> bool:
    columns = columns_of(record)
    return (
        request.kind in ("", record.kind)
        and request.request_id in ("", record.request_id)
        and request.caller in ("", columns.caller)
        and request.scope in ("", columns.scope)
        and request.verdict in ("", columns.verdict)
        and (not request.rule or request.rule in columns.rules)
        and (not request.since or columns.time >= request.since)
        and (not request.until or columns.time < request.until)
        and set(words_of(request.text)) <= set(columns.words)
    )


@dataclass(frozen=True)
class Chain:
    """The four fakes and the state directory that names them."""

    state: Path
    guard: FakeGuard
    executor: FakeExecutor
    generator: FakeGenerator
    audit: FakeAudit


_PROOFS = ("GetCheckpoint", "GetInclusionProof")
_AUDIT = (
    "Append",
    "GetRecord",
    "ListRecords",
    "TailRecords",
    "EraseBodies",
    "AwaitReview",
    "GetUsage",
    *_PROOFS,
)
_METHODS = {
    "guard": ("guard", "GuardService", ("ListScopes", "DescribeScope", "Review", "Assess")),
    "executor": ("executor", "ExecutorService", ("Execute", "DescribePool")),
    "generator": ("generator", "GeneratorService", ("Solve",)),
    "audit": ("audit", "AuditService", _AUDIT),
}
_ADD = {
    "guard": guard_pb2_grpc.add_GuardServiceServicer_to_server,
    "executor": executor_pb2_grpc.add_ExecutorServiceServicer_to_server,
    "generator": generator_pb2_grpc.add_GeneratorServiceServicer_to_server,
    "audit": audit_pb2_grpc.add_AuditServiceServicer_to_server,
}


@asynccontextmanager
async def chain(
    state: Path, user: str = "ana", audit: AbstractAsyncContextManager[Any] | None = None
) -> AsyncIterator[Chain]:
    """Serve the fakes as the stack of a state directory; `audit` gives another servicer of the log."""
    layout = Layout(state)
    for directory in layout.directories():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority.make(layout.pki)
    issue(layout.pki, "local", caller_uri("local"), None)
    issue(layout.pki, f"reviewer-{user}", reviewer_uri(user), None)
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(audit) if audit else FakeAudit()
        fakes = Chain(state, FakeGuard(), FakeExecutor(), FakeGenerator(), log)
        addresses = {}
        for name, (package, service, methods) in _METHODS.items():
            full = f"placetpb.{package}.v1.{service}"
            allow = {f"/{full}/{m}": frozenset({"caller/*", "reviewer/*"}) for m in methods}
            serve = serving(authority, name, register=_registering(name, full, fakes), allow=allow)
            addresses[name] = (await stack.enter_async_context(serve)).address
        services = {name: {"address": address, "pid": 0} for name, address in addresses.items()}
        layout.stack.write_text(json.dumps({"services": services, "model": "fake"}))
        stack.enter_context(held(layout.lock, state))
        yield fakes


def _registering(name: str, full: str, fakes: Chain) -> Any:
    def register(server: grpc.aio.Server) -> list[str]:
        _ADD[name](getattr(fakes, name), server)
        return [full]

    return register


@contextmanager
def chain_in_thread(state: Path, audit: AbstractAsyncContextManager[Any] | None = None) -> Iterator[Chain]:
    """The same, served from a thread with a loop of its own, for callers that block."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    ready = threading.Event()
    holder: dict[str, Any] = {}

    async def serve() -> None:
        async with chain(state, audit=audit) as fakes:
            holder.update(fakes=fakes, stop=asyncio.Event(), loop=asyncio.get_running_loop())
            ready.set()
            await holder["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20), "the fakes did not start"
    try:
        yield holder["fakes"]
    finally:
        holder["loop"].call_soon_threadsafe(holder["stop"].set)
        thread.join(20)
        structlog.reset_defaults()

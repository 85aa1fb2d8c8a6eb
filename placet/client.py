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
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypedDict, TypeVar, Unpack

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc
from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from placet import wire
from placet.answers import (
    CallerUsage,
    Event,
    LogRecord,
    Pool,
    Progress,
    Result,
    Review,
    ScopeDocument,
    ScopeRef,
    Verdict,
)
from placet.audit.actors import path_of
from placet.audit.client import GrpcAuditLog
from placet.audit.waiting import Decided
from placet.audit.waiting import decided as decided_by_people
from placet.elsewhere import elsewhere
from placet.evidence import Evidence
from placet.gathering import Gathered, OnEvent, not_run, on_run_message, on_solve_message, reached_by
from placet.human_approval import DEFAULT_TTL_S, Decision, Reviewer
from placet.human_approval import approve as approve_as_human
from placet.ids import fresh_id
from placet.inputs import InputLike, read_inputs
from placet.item import item_of
from placet.labelled import LabelledVerdicts
from placet.local import Endpoint, StackError, default_state
from placet.local import endpoint as running_endpoint
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.scope import load_scope

DEFAULT_TIMEOUT_S = 600.0
READ_TIMEOUT_S = 30.0


class Filters(TypedDict, total=False):
    """What a record must have to be listed; see docs/audit-format.md §10."""

    request_id: str
    kind: str
    caller: str
    """The whole identity."""
    scope: str
    verdict: str
    rule: str
    since: str
    """RFC 3339 UTC with microseconds and Z, inclusive."""
    until: str
    """The same, exclusive."""
    text: str
    """Words, all of which must be there."""


P = ParamSpec("P")
R = TypeVar("R")


def _quiet(_: Event) -> None:
    """The listener of a caller who wants only the result."""


class Placet:
    """The chain as its callers see it. An asynchronous context manager; for one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Nothing is connected until the first call."""
        self._endpoint = endpoint
        self._channels: dict[str, grpc.aio.Channel] = {}

    @classmethod
    def connect(cls, state: Path | str | None = None, *, endpoint: Endpoint | None = None) -> Self:
        """A client of one machine's stack, or of the services at `endpoint`.

        With neither, of the services that PLACET_SERVICES names, or else of this machine's usual stack.

        Raises:
            ServiceError: UNAVAILABLE/STACK_NOT_RUNNING when there is no stack in `state`;
                FAILED_PRECONDITION/SERVICES_UNREADABLE when the environment does not name services rightly.
        """
        return cls(endpoint or _running(state))

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
        review_wait_s: int = 0,
        on_event: OnEvent = _quiet,
    ) -> Result:
        """Have a program written for `task`, reviewed and run; `on_event` sees each step as it happens.

        Args:
            task: what is wanted, in plain words; at most 8 KiB of UTF-8.
            scope: name of a scope that the caller may use.
            inputs: files (paths, or `Input`s), 64 MiB together.
            request_id: names the request in the log; repeating one with the same content repeats its answer.
            review_wait_s: how long people may take, in seconds, beside `timeout_s`, when a program needs
                their review; at most an hour. 0: the outcome is NEEDS_REVIEW at once.

        Raises:
            ServiceError: there is no answer; nothing is to be concluded about the task.
        """
        read = read_inputs(inputs)
        task_id = request_id or new_request_id()
        first = generator_pb2.SolveRequest(
            task=generator_pb2.Task(
                request_id=task_id,
                scope=scope,
                text=task,
                inputs=[item.ref() for item in read],
                review_wait_s=review_wait_s,
            )
        )
        requests = _messages(first, (generator_pb2.SolveRequest(chunk=c) for i in read for c in i.chunks()))
        stub = generator_pb2_grpc.GeneratorServiceStub(self._channel("generator"))
        gathered = Gathered(task_id, on_event)
        async with _errors("generator"):
            call = stub.Solve(requests, timeout=timeout_s + review_wait_s)
            async with _cancelled_with_us(call):
                async for message in call:
                    on_solve_message(gathered, message)
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
        review_wait_s: int = 0,
        on_event: OnEvent = _quiet,
    ) -> Result:
        """Have your own program reviewed and, if it is allowed, run.

        `review_wait_s` is how long people may take, in seconds, when it needs their review; at most a day.
        0: the outcome is NEEDS_REVIEW at once.

        Raises:
            ServiceError: see `review`, `await_review` and `execute`.
        """
        read = read_inputs(inputs)
        run_id = request_id or new_request_id()
        source = _as_bytes(program)
        on_event(Progress("reviewing"))
        review = await self.review(
            source, scope=scope, inputs=read, task=task, request_id=run_id, timeout_s=timeout_s
        )
        reached = reached_by(review)
        on_event(reached)
        if review.verdict is Verdict.NEEDS_REVIEW and review_wait_s > 0:
            on_event(Progress("awaiting_review", detail=f"for at most {review_wait_s} s"))
            if decided := await self.await_review(source, request_id=run_id, wait_s=review_wait_s):
                review = wire.decided_review(review, decided)
                reached = reached_by(review)
                on_event(reached)
        if review.verdict is not Verdict.ALLOWED:
            return not_run(run_id, source, review, reached)
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

    async def await_review(self, program: bytes | str, *, request_id: str, wait_s: float) -> Decided | None:
        """What people decide about a program that a review of that request sent to them.

        None when `wait_s` seconds were too few; the review goes on, and may be awaited again.

        Raises:
            ServiceError: REVIEW_UNKNOWN when no verdict of this caller's asks people about the program.
        """
        digest = hashlib.sha256(_as_bytes(program)).digest()
        return await decided_by_people(self._channel("audit"), request_id, digest, wait_s)

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
            ServiceError: reason APPROVAL_… when the program was not admitted; UNAVAILABLE when executor,
                sandbox or log could not do it.
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
        stub = executor_pb2_grpc.ExecutorServiceStub(self._channel("executor"))
        gathered = Gathered(run_id, on_event, program=_as_bytes(program))
        async with _errors("executor"):
            call = stub.Execute(requests, timeout=timeout_s)
            async with _cancelled_with_us(call):
                async for message in call:
                    on_run_message(gathered, message)
        return gathered.result()

    async def approve(
        self,
        program: bytes | str,
        *,
        scope: str,
        reason: str,
        reviewer: Reviewer,
        inputs: Sequence[InputLike] = (),
        ttl_s: int = DEFAULT_TTL_S,
        request_id: str | None = None,
    ) -> bytes:
        """A person's approval (break-glass): recorded with their name and reason, then signed by them.

        No rule and no reviewer looks at the program; limits and the isolation tier are the scope's.

        Raises:
            ServiceError: nothing was signed; the message says what was missing.
        """
        document = await self.scope(scope)
        decision = Decision(
            program=_as_bytes(program),
            inputs=read_inputs(inputs),
            scope=load_scope(document.document),
            audience=(await self.pool()).audience,
            reason=reason,
            request_id=request_id or new_request_id(),
            ttl_s=ttl_s,
        )
        async with self._log_as(reviewer) as channel:
            votes_on = Evidence(audit_pb2_grpc.AuditServiceStub(channel)).votes_on
            return await approve_as_human(decision, reviewer, GrpcAuditLog(channel), votes_on)

    async def answer(
        self,
        program: bytes | str,
        *,
        request_id: str,
        reason: str,
        reviewer: Reviewer,
        ttl_s: int = DEFAULT_TTL_S,
    ) -> bytes:
        """A person's approval of a program that a review of that request sent to people.

        It says what the guard's would have said, and whoever waits for it goes on. The program is the one
        that the person has read: another one is refused.

        Raises:
            ServiceError: REVIEW_UNKNOWN, REVIEW_DECIDED, REVIEW_IS_YOURS, QUORUM_MISSING, ROLE_MISSING.
        """
        source = _as_bytes(program)
        async with self._log_as(reviewer) as channel:
            stub = audit_pb2_grpc.AuditServiceStub(channel)
            item = await item_of(stub, request_id, source)
            decision = Decision.on(item, source, reason, request_id, ttl_s)
            return await approve_as_human(decision, reviewer, GrpcAuditLog(channel), Evidence(stub).votes_on)

    @asynccontextmanager
    async def _log_as(self, reviewer: Reviewer) -> AsyncIterator[grpc.aio.Channel]:
        """A channel to the log under a reviewer's own identity."""
        channel = connect(self._endpoint.addresses["audit"], reviewer.tls, server="audit")
        async with channel, _errors("audit"):
            yield channel

    async def assess(
        self,
        program: bytes | str,
        *,
        scope: str = "",
        scope_document: bytes = b"",
        task: str = "",
        rules_only: bool = False,
        always_ask: bool = False,
        with_advice: bool = False,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Review:
        """The analysis of `review`, unrecorded and without approval; also for a scope that is not loaded.

        `always_ask` asks the reviewer model even about programs that the rules deny: to measure it.

        `with_advice` also looks for the scope change that would help, which takes up to half a second.

        Raises:
            ServiceError: there is no verdict.
        """
        request = guard_pb2.AssessRequest(
            scope=scope,
            scope_document=scope_document,
            program=_as_bytes(program),
            task=task,
            layers=_layers(rules_only=rules_only, always_ask=always_ask),
            with_advice=with_advice,
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
        stub = executor_pb2_grpc.ExecutorServiceStub(self._channel("executor"))
        async with _errors("executor"):
            reply = await stub.DescribePool(executor_pb2.DescribePoolRequest(), timeout=READ_TIMEOUT_S)
        tier = wire.tier(reply.tier) or "T0"
        return Pool(reply.audience, tier, tuple(reply.isolation), tuple(reply.libraries))

    async def records(
        self,
        *,
        from_index: int = 0,
        limit: int = 100,
        newest_first: bool = False,
        **filters: Unpack[Filters],
    ) -> tuple[LogRecord, ...]:
        """At most `limit` records of the audit log for which every filter holds; empty ones do not filter."""
        found: list[LogRecord] = []
        next_index, more = from_index, True
        while more and len(found) < limit:
            request = audit_pb2.ListRecordsRequest(
                **filters,
                from_index=next_index,
                page_size=min(1000, limit - len(found)),
                descending=newest_first,
            )
            async with _errors("audit"):
                page = await self._audit().ListRecords(request, timeout=READ_TIMEOUT_S)
            found += [wire.log_record(record) for record in page.records]
            next_index, more = page.next_index, page.more and bool(page.records)
        return tuple(found)

    async def usage(self, caller: str = "") -> tuple[CallerUsage, ...]:
        """What `spiffe://…/caller/NAME` used of its quota; without a name, everybody's who used any.

        Others' is for whoever may read the log: PERMISSION_DENIED/ROLE_MISSING.
        """
        request = audit_pb2.GetUsageRequest(caller=path_of(caller))
        async with _errors("audit"):
            reply = await self._audit().GetUsage(request, timeout=READ_TIMEOUT_S)
        return tuple(map(wire.caller_usage, reply.callers))

    async def record(self, index: int, *, with_bodies: bool = True) -> tuple[LogRecord, Mapping[str, bytes]]:
        """One record and the bodies that are still kept, by role."""
        request = audit_pb2.GetRecordRequest(index=index, with_bodies=with_bodies)
        async with _errors("audit"):
            reply = await self._audit().GetRecord(request, timeout=READ_TIMEOUT_S)
        return wire.log_record(reply.record), {body.role: body.content for body in reply.bodies}

    async def kept(self, index: int) -> tuple[str, ...]:
        """Roles of the bodies of a record that are not erased."""
        async with _errors("audit"):
            request = audit_pb2.GetRecordRequest(index=index)
            reply = await self._audit().GetRecord(request, timeout=READ_TIMEOUT_S)
        return tuple(reply.kept)

    async def erase(
        self, request_id: str, *, reason: str, classes: Sequence[str] = ()
    ) -> tuple[tuple[int, str], ...]:
        """Erase the bodies of a request, of all retention classes or of these; (index, role) of each.

        The log records who asked and why. Records and proofs stay.

        Raises:
            ServiceError: ROLE_MISSING, NOTHING_TO_ERASE, ERASURE_INVALID.
        """
        request = audit_pb2.EraseBodiesRequest(request_id=request_id, reason=reason, classes=classes)
        async with _errors("audit"):
            reply = await self._audit().EraseBodies(request, timeout=READ_TIMEOUT_S)
        return tuple((body.index, body.role) for body in reply.erased)

    async def checkpoint(self) -> tuple[str, str]:
        """The latest signed checkpoint, and the log's verification key as the log itself gives it."""
        async with _errors("audit"):
            reply = await self._audit().GetCheckpoint(
                audit_pb2.GetCheckpointRequest(), timeout=READ_TIMEOUT_S
            )
        return reply.checkpoint, reply.vkey

    async def bundle(self, request_id: str) -> bytes:
        """A zip that proves what the log holds on one request, to whoever has the log's key.

        Raises ServiceError REQUEST_UNKNOWN, REQUEST_TOO_LARGE, ROLE_MISSING.
        """
        async with _errors("audit"):
            return (await Evidence(self._audit()).bundle(request_id)).to_zip()

    async def labelled(self, on_line: Callable[[bytes], object]) -> tuple[int, int]:
        """Call `on_line` for each labelled verdict; how many there were, and how many were left out.

        The log records it as an export (docs/labels-format.md §4). Raises ServiceError ROLE_MISSING, and
        DATA_LOSS/RECORD_INVALID when what the log gave does not fit together.
        """
        rows, found = 0, LabelledVerdicts(self._audit())
        async with _errors("audit"):
            async for line in found.lines():
                on_line(line)
                rows += 1
        return rows, found.left_out

    async def stream(
        self, *, from_index: int = 0, follow: bool = True, use: str = ""
    ) -> AsyncGenerator[LogRecord]:
        """Each record from an index on; with `follow`, for ever. The log records it as an export.

        `use` says what for (`jsonl`, `ocsf`), as it is recorded.
        """
        request = audit_pb2.TailRecordsRequest(from_index=from_index, follow=follow, format=use)
        async with _errors("audit"):
            call = self._audit().TailRecords(request)
            async with _cancelled_with_us(call):
                async for message in call:
                    yield wire.log_record(message.record)

    async def tail(
        self,
        on_record: Callable[[LogRecord], None],
        *,
        from_index: int = 0,
        follow: bool = True,
        use: str = "",
    ) -> None:
        """Call `on_record` for each record of `stream`."""
        async with aclosing(self.stream(from_index=from_index, follow=follow, use=use)) as records:
            async for record in records:
                on_record(record)

    def _guard(self) -> guard_pb2_grpc.GuardServiceStub:
        return guard_pb2_grpc.GuardServiceStub(self._channel("guard"))

    def _audit(self) -> audit_pb2_grpc.AuditServiceStub:
        return audit_pb2_grpc.AuditServiceStub(self._channel("audit"))

    def _channel(self, name: str) -> grpc.aio.Channel:
        if name not in self._channels:
            if name not in self._endpoint.addresses:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "SERVICE_NOT_RUNNING",
                    f"the {name} has no address; see `placet status`, then `placet down` and `placet up`",
                )
            self._channels[name] = self._endpoint.connect(name)
        return self._channels[name]


def _running(state: Path | str | None) -> Endpoint:
    """The stack in `state`; without one, what the environment names, else the default state directory's."""
    if state is None and (found := elsewhere(os.environ)):
        return found
    try:
        return running_endpoint(Path(state) if state else default_state())
    except StackError as error:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "STACK_NOT_RUNNING", str(error)) from error


def new_request_id() -> str:
    """A fresh name for a request."""
    return fresh_id()


def _layers(*, rules_only: bool, always_ask: bool) -> guard_pb2.Layers:
    if rules_only:
        return guard_pb2.LAYERS_RULES
    return guard_pb2.LAYERS_REVIEWER if always_ask else guard_pb2.LAYERS_ALL


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


def _blocking(
    verb: Callable[Concatenate[Placet, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[PlacetSync, P], R]:
    """The same verb, with the same arguments, that waits for its answer."""

    @functools.wraps(verb)
    def call(self: PlacetSync, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._runner.run(verb(self._client, *args, **kwargs))

    return call  # type: ignore[return-value]  # functools.wraps hides the plain signature


class PlacetSync:
    """`Placet` without asyncio: every verb blocks. Not inside an event loop, nor from several threads."""

    def __init__(self, client: Placet) -> None:
        self._client = client
        self._runner = asyncio.Runner()

    @classmethod
    def connect(cls, state: Path | str | None = None, *, endpoint: Endpoint | None = None) -> Self:
        """See `Placet.connect`."""
        return cls(Placet.connect(state, endpoint=endpoint))

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
    await_review = _blocking(Placet.await_review)
    execute = _blocking(Placet.execute)
    approve = _blocking(Placet.approve)
    answer = _blocking(Placet.answer)
    assess = _blocking(Placet.assess)
    scopes = _blocking(Placet.scopes)
    scope = _blocking(Placet.scope)
    pool = _blocking(Placet.pool)
    records = _blocking(Placet.records)
    record = _blocking(Placet.record)
    kept = _blocking(Placet.kept)
    usage = _blocking(Placet.usage)
    erase = _blocking(Placet.erase)
    checkpoint = _blocking(Placet.checkpoint)
    bundle = _blocking(Placet.bundle)
    labelled = _blocking(Placet.labelled)
    tail = _blocking(Placet.tail)

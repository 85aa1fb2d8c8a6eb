"""One run from request to record: admit, start durably, run, record how it ended.

Knows the order in which things must become durable. Must not know gRPC messages or files: log,
places, trust and clock are handed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import grpc
import structlog

from executor_svc import admission, figures, records
from executor_svc.admission import Case, Pool, RunPermit, RunRequest, Start
from executor_svc.places import AROUND_S, Place, Places, WorkerLost, WorkerRefused
from executor_svc.records import Captured
from executor_svc.refusals import revoked, spent
from executor_svc.sandbox import RunResult, SandboxUnavailable
from executor_svc.sandbox.types import NOTHING_RAN
from executor_svc.trust import Trust
from placet.approval import Approval, ApprovalRefused, Limits
from placet.audit.actors import path_of
from placet.audit.client import NO_BODIES, Appended, AuditLog
from placet.ids import fresh_id
from placet.rpc import metrics
from placet.rpc.errors import ServiceError

_log = structlog.get_logger()


class CallerGone(Exception):  # noqa: N818 - says what happened; it is the caller's doing
    """An event could not be delivered: the caller left, or does not read. The run is treated as cancelled."""


class RunEvents(Protocol):
    """Where a run's events go while it runs. Awaiting is the back-pressure."""

    async def started(self, permit: RunPermit) -> None:
        """The start is durable; the sandbox gets the program next."""

    async def output(self, stream: str, data: bytes) -> None:
        """`stream` is "stdout" or "stderr"; at most what the limits allow."""


@dataclass(frozen=True)
class Finished:
    """A run that is over and recorded. Whoever gets it releases its result."""

    permit: RunPermit
    result: RunResult
    record: Appended


@dataclass
class _Streams:
    """Forwards a run's events and keeps what it writes for the record."""

    events: RunEvents
    until: float
    """When the run's place is needed back, by the loop's clock, whether the caller has read or not."""
    kept: Mapping[str, bytearray] = field(
        default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()}
    )
    left: RunResult = NOTHING_RAN
    """What there is of a run that was cancelled."""

    async def started(self, permit: RunPermit) -> None:
        await self._heard(self.events.started(permit))

    async def forward(self, stream: str, data: bytes) -> None:
        self.kept[stream].extend(data)
        await self._heard(self.events.output(stream, data))

    async def _heard(self, event: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout_at(self.until):
                await event
        except TimeoutError as error:
            raise CallerGone("the caller did not read what the run told it") from error

    def cancelled(self, left: RunResult) -> None:
        self.left = left

    @property
    def captured(self) -> Captured:
        return Captured(bytes(self.kept["stdout"]), bytes(self.kept["stderr"]))


class Runner:
    """Runs what was approved. One per process."""

    def __init__(
        self,
        *,
        log: AuditLog,
        places: Places,
        trust: Callable[[], Trust],
        clock: Callable[[], datetime],
        audience: str,
        ceiling: Limits,
        kept_figures_bytes: int = 0,
    ) -> None:
        """`trust` is asked for each admission; `clock` returns aware datetimes.

        `kept_figures_bytes`: how much of a run's figures its record keeps.
        """
        self._log = log
        self._places = places
        self._trust = trust
        self._clock = clock
        self._audience = audience
        self._ceiling = ceiling
        self._kept_figures_bytes = kept_figures_bytes
        self._settling: set[asyncio.Task[Any]] = set()
        self._revoked: set[str] = set()
        """Keys whose revocation is on record."""

    async def run(self, request: RunRequest, events: RunEvents) -> Finished:
        """Admit and run one request; when this returns, its end is on record.

        Raises:
            ApprovalRefused: not admitted; the refusal is on record and nothing ran.
            ServiceError: UNAVAILABLE with AUDIT_UNAVAILABLE, SANDBOX_UNAVAILABLE, WORKER_LOST or
                TRUST_UNREADABLE; what a worker said that refused what was admitted; and, with nothing on
                record, spent or run, RESOURCE_EXHAUSTED/NO_WORKER_FREE or UNAVAILABLE with NO_WORKER,
                SCOPE_UNUSABLE or STAGES_UNAVAILABLE.
            CancelledError: the caller went away; the run is dead and its record is being written.
        """
        stages = self._stages_of(request)
        async with self._places.place(path_of(request.caller), stages) as place:
            with metrics.RUN_STAGE_SECONDS.labels("admit").time():
                permit = await self._admit(request, place)
            return await self._execute(permit, place, events)

    async def refuse_unreadable(self, caller: str, error: ServiceError) -> None:
        """Put a request on record that could not be read: out of order, or out of bounds.

        Raises:
            ServiceError: AUDIT_UNAVAILABLE.
        """
        metrics.ADMISSION_REFUSALS.labels(error.reason).inc()
        body = records.unreadable(caller, error.reason, error.message)
        await self._log.append("admission_refused", body, request_id=fresh_id())

    async def settle(self) -> None:
        """Wait for the records of cancelled runs; call it before the process ends."""
        while self._settling:
            await asyncio.gather(*self._settling, return_exceptions=True)

    def _stages_of(self, request: RunRequest) -> frozenset[str]:
        """What the place must be able to do, as far as it can be told before there is one.

        Admission judges it again, of the place that it is. Raises ServiceError: TRUST_UNREADABLE.
        """
        trust = self._trust()
        anywhere = Pool(self._audience, self._ceiling, "")
        approval = _proven_approval(Case(request, trust.keys, trust.scopes, anywhere, self._clock()))
        wanted = trust.scopes.wanted.get(approval.scope.sha256) if approval else None
        return wanted.stages if wanted else frozenset()

    async def _admit(self, request: RunRequest, place: Place) -> RunPermit:
        trust = self._trust()
        await self._record_revoked(trust.keys.revoked_ids)
        pool = Pool(self._audience, self._ceiling, place.tier, place.stages)
        case = Case(request, trust.keys, trust.scopes, pool, self._clock())
        try:
            return await admission.admit(case, self._spend)
        except ApprovalRefused as refusal:
            await self._append_refusal(case, refusal)
            raise

    async def _record_revoked(self, key_ids: frozenset[str]) -> None:
        """Put new revocations on record before anything is admitted: from there on the log refuses them too.

        Every pool says it, and the log keeps one record for each key (docs/audit-format.md §4.5).
        """
        for key_id in sorted(key_ids - self._revoked):
            await self._log.append(
                "key_revoked", records.revoked(key_id), request_id="", idempotency_key=f"key_revoked/{key_id}"
            )
            self._revoked.add(key_id)

    async def _append_refusal(self, case: Case, refusal: ApprovalRefused) -> None:
        """Under the caller's request id, or else the approval's if it can be believed."""
        metrics.ADMISSION_REFUSALS.labels(refusal.reason).inc()
        approval = _proven_approval(case)
        body = records.refused(case.request, refusal, approval.approval_id if approval else "")
        request_id = case.request.request_id or (approval.request_id if approval else fresh_id())
        await self._log.append("admission_refused", body, request_id=request_id)

    async def _spend(self, start: Start) -> Appended:
        """Step 4.12. A caller that goes away meanwhile leaves an end on record as well."""
        appending = self._keep(self._append_start(start))
        try:
            return await asyncio.shield(appending)
        except asyncio.CancelledError:
            self._keep(self._abort_when_started(start, appending))
            raise

    async def _append_start(self, start: Start) -> Appended:
        try:
            return await self._append(start, "run_started", records.started(start))
        except ServiceError as error:
            if error.reason == "APPROVAL_SPENT":
                raise spent() from error
            if error.reason == "KEY_REVOKED":
                raise revoked() from error
            raise

    async def _abort_when_started(self, start: Start, appending: asyncio.Task[Appended]) -> None:
        try:
            await appending
        except (ApprovalRefused, ServiceError) as error:
            _log.info("a cancelled request did not start", run_id=start.run_id, why=str(error))
            return
        await self._append(start, "run_aborted", records.aborted(start, "CANCELLED_BEFORE_START"))

    async def _execute(self, permit: RunPermit, place: Place, events: RunEvents) -> Finished:
        """Takes a permit and never raw bytes: what was not admitted cannot come here."""
        until = asyncio.get_running_loop().time() + permit.limits.wall_s + AROUND_S
        streams = _Streams(events, until)
        try:
            await streams.started(permit)
            with metrics.RUN_STAGE_SECONDS.labels("run").time():
                result = await place.run(permit, streams.forward, streams.cancelled)
        except (asyncio.CancelledError, CallerGone):
            self._keep(self._append_end(permit, streams.left, streams.captured))
            raise
        except Exception as error:
            raise await self._abort(permit.start, error) from error
        appending = self._keep(self._append_end(permit, result, streams.captured))
        try:
            with metrics.RUN_STAGE_SECONDS.labels("record").time():
                return Finished(permit, result, await asyncio.shield(appending))
        except BaseException:
            self._keep(self._release(result, appending))
            raise

    async def _release(self, result: RunResult, appending: asyncio.Task[Appended]) -> None:
        """Let go of what nobody will be sent, once the record has taken its figures from it."""
        await asyncio.wait({appending})
        await result.release()

    async def _append_end(self, permit: RunPermit, result: RunResult, captured: Captured) -> Appended:
        metrics.RUNS.labels(result.status.value).inc()
        metrics.RUN_CPU_SECONDS.inc(result.usage.cpu_ms / 1000)
        if result.usage.delivery_ms:
            metrics.RUN_STAGE_SECONDS.labels("delivery").observe(result.usage.delivery_ms / 1000)
        body = records.finished(permit, result, captured)
        bodies = records.finished_bodies(result, captured)
        if "artifacts" not in bodies:  # else the record names no file, and proves none
            bodies |= await self._figures(result)
        return await self._append(permit.start, "run_finished", body, bodies)

    async def _figures(self, result: RunResult) -> Mapping[str, bytes]:
        """What the record keeps of them: the run's end is recorded also when they cannot be read."""
        try:
            return await figures.of(result.artifacts, self._kept_figures_bytes)
        except OSError as error:
            _log.error("figures are not kept", error=str(error))
            return {}

    async def _abort(self, start: Start, error: Exception) -> Exception:
        """Record that we failed; the error to raise."""
        reason, told = _failure(error)
        metrics.RUNS_ABORTED.labels(reason).inc()
        _log.error("run aborted", run_id=start.run_id, reason=reason, error=repr(error))
        usage = error.usage if isinstance(error, SandboxUnavailable) else None
        body = records.aborted(start, reason, usage)
        appending = self._keep(self._append(start, "run_aborted", body))
        await asyncio.shield(appending)
        return told

    def _keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that goes on when its caller is cancelled, and that `settle` waits for."""
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settled)
        return task

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._settling.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("a record was not written", error=str(error))

    def _append(
        self, start: Start, kind: str, body: Mapping[str, object], bodies: Mapping[str, bytes] = NO_BODIES
    ) -> Coroutine[Any, Any, Appended]:
        """One record of a run; the same run's record is appended once, however often it is tried."""
        return self._log.append(
            kind,
            body,
            request_id=start.request_id,
            bodies=bodies,
            idempotency_key=f"{start.run_id}/{kind}",
        )


def _proven_approval(case: Case) -> Approval | None:
    """What the approval says, if a trusted key vouches for it; forged words do not enter the record."""
    try:
        admission.check_sizes(case)
        admission.check_envelope(case)
        admission.check_signature(case)
        return case.approval
    except ApprovalRefused:
        return None


def _failure(error: Exception) -> tuple[str, Exception]:
    """What a failure after the start is on record as, and what the caller is told."""
    match error:
        case WorkerRefused():
            return "WORKER_REFUSED", error.error
        case WorkerLost():
            return "WORKER_LOST", _unavailable("WORKER_LOST", "no worker ran the program to its end")
        case SandboxUnavailable():
            return "SANDBOX_UNAVAILABLE", _unavailable(
                "SANDBOX_UNAVAILABLE", "the sandbox failed, not the program"
            )
    return "INTERNAL", error


def _unavailable(reason: str, what: str) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        reason,
        f"{what}; the approval is spent, so ask for a new one and try again",
    )

"""The guard's core: intake, rules, reviewer, policy, record, approval, in this order.

Knows the order and what must be durable before what. Must not know gRPC messages, prompts or files. Nothing
leaves here before its record is durable, and a failure of ours is an error, never a verdict.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from guard_svc import parts
from guard_svc.approve import Approver, Grounds
from guard_svc.cache import VerdictCache, cache_key
from guard_svc.compiled import analyse_compiled
from guard_svc.failures import Failures, unavailable
from guard_svc.intake import Intake, IntakeRefused, read_program
from guard_svc.order import Order
from guard_svc.pauses import Pauses
from guard_svc.plans import is_plan, mismatch
from guard_svc.policy import (
    Decision,
    Verdict,
    by_both,
    by_plan,
    by_rules,
    by_rules_alone,
    refuse,
    with_note_on_plan,
)
from guard_svc.prompts import Subject, prompt_version
from guard_svc.recorded import encode_findings, finding_fields, scope_fields, sha256_hex, verdict_record
from guard_svc.reviewer import Opinion, Reviewer, ReviewerUnavailable, Tokens
from guard_svc.room import Room
from guard_svc.rules import RulesReport, analyse
from guard_svc.screening import Screener, Screening
from guard_svc.sources import RuleSource, add
from guard_svc.subject import subject_of, subject_with
from guard_svc.version import rules_version
from guard_svc.views import Sources
from placet.audit.client import Appended, AuditLog
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError

# What recording and signing may take after the reviewer has answered.
KEEP_FOR_RECORDS_S: Final = 3.0

Layers = Literal["all", "rules", "reviewer"]
"""`reviewer` asks the model even where the rules have settled the verdict, and clears nothing."""


@dataclass(frozen=True)
class Answer:
    """A decision and what came of it. `approval` is empty unless ALLOWED and asked for."""

    decision: Decision
    elapsed_ms: int
    approval: bytes = b""
    verdict: Appended | None = None


@dataclass(frozen=True)
class Guard:
    """Everything that a review needs, wired together."""

    reviewer: Reviewer
    screener: Screener
    log: AuditLog
    approver: Approver
    cache: VerdictCache = field(default_factory=VerdictCache)
    pauses: Pauses | None = None
    """Without it nobody ever pauses."""
    sources: Sequence[RuleSource] = ()
    room: Room | None = None
    """Without it nobody has a quota."""

    async def assess(self, order: Order, deadline: Deadline, layers: Layers = "all") -> Answer:
        """The decision alone: no record, no approval.

        Raises ServiceError: REVIEW_UNAVAILABLE, QUOTA_UNCOUNTED.
        """
        started = time.monotonic()
        try:
            decision = await self._decide(order, deadline, layers, leaves="")
        except ReviewerUnavailable as error:
            raise unavailable(error) from error
        return Answer(decision, _elapsed_ms(started))

    async def review(self, order: Order, deadline: Deadline) -> Answer:
        """Decide, record, and approve what is ALLOWED.

        Raises ServiceError: AUDIT_UNAVAILABLE, REVIEW_UNAVAILABLE, CALLER_PAUSED or QUOTA_EXCEEDED; then
        there is no verdict.
        """
        started = time.monotonic()
        await self._check_not_paused(order)
        try:
            decision = await self._decide(order, deadline)
        except ReviewerUnavailable as error:
            raise unavailable(error) from error
        # Again: of many reviews at once, none ends well after the one that made the caller pause.
        await self._check_not_paused(order)
        findings = encode_findings(decision.findings)
        with _stage("record"):
            verdict = await self._record_verdict(order, decision, findings)
        _count_verdict(order.scope.name, decision)
        await self._count(order, decision)
        approval = b""
        if decision.verdict is Verdict.ALLOWED and not order.verdict_only:
            with _stage("approve"):
                approval = await self.approver.issue(_grounds(order, decision, findings, verdict))
        return Answer(decision, _elapsed_ms(started), approval, verdict)

    async def screen(self, order: Order, deadline: Deadline) -> Screening:
        """Judge `order.task` before there is a program; recorded. Raises like `review`.

        A task that is itself a plan of the scope's actions can ask for nothing else: no model judges it.
        """
        names = [item.name for item in order.inputs]
        if is_plan(order.task, order.catalogue, names):
            screening = Screening(in_scope=True)
        else:
            screening = await self._screening(order, names, deadline)
        await self.log.append(
            "task_screened",
            {
                "in_scope": screening.in_scope,
                "scope": scope_fields(order.scope),
                "task_sha256": sha256_hex(order.task.encode()),
                "caller": order.caller,
                "findings": [finding_fields(finding) for finding in screening.findings],
                **({"tokens": asdict(screening.tokens)} if screening.tokens != Tokens() else {}),
            },
            request_id=order.request_id,
        )
        answer = "in_scope" if screening.in_scope else "out_of_scope"
        metrics.SCREENINGS.labels(order.scope.name, answer).inc()
        return screening

    async def _screening(self, order: Order, names: Sequence[str], deadline: Deadline) -> Screening:
        await self._check_room(order, "task_screened")
        try:
            async with self._failures.billed(order, "task_screened") as bill:
                until = _until_records(deadline)
                return await self.screener.screen(order.scope, order.task, names, until, bill)
        except ReviewerUnavailable as error:
            raise unavailable(error) from error

    async def _check_not_paused(self, order: Order) -> None:
        if self.pauses is None or order.verdict_only:
            return
        try:
            await self.pauses.check(order.who, order.scope.metadata.owner)
        except ServiceError as error:
            if error.reason == "CALLER_PAUSED":
                await self._failures.record(order, error.reason)
            raise

    async def _count(self, order: Order, decision: Decision) -> None:
        # A verdict alone leads to no run, so nothing is gained by asking for many; see Assess.
        if self.pauses is None or order.verdict_only:
            return
        if decision.verdict is Verdict.ALLOWED:
            self.pauses.allowed(order.who)
        elif decision.blames_program:
            await self.pauses.denied(order.who, group=order.attempts_of)

    async def _decide(
        self, order: Order, deadline: Deadline, layers: Layers = "all", leaves: str = "verdict_reached"
    ) -> Decision:
        """`leaves`: the kind of record that will say what it cost; empty for none."""
        if layers != "all":
            return await self._judge(order, deadline, layers, leaves)
        key = self._cache_key(order)
        if known := self.cache.get(key):
            return known
        decision = await self._judge(order, deadline, layers, leaves)
        self.cache.put(key, decision)
        return decision

    async def _judge(self, order: Order, deadline: Deadline, layers: Layers, leaves: str) -> Decision:
        try:
            # Both may take a second on a hostile program; the event loop serves others meanwhile.
            with _stage("intake"):
                intake = await asyncio.to_thread(read_program, order.program)
        except IntakeRefused as refused:
            return refuse(refused.findings)
        names = [item.name for item in order.inputs]
        unfit = await asyncio.to_thread(_unfit, order, names)
        with _stage("rules"):
            report = await asyncio.to_thread(self._analyse, intake, order, names, compiled=unfit == "")
        if unfit == "":
            return by_plan(order.scope, report)
        if unfit is not None:
            report = with_note_on_plan(report, unfit)
        if layers == "rules":
            return by_rules_alone(order.scope, report)
        settled = by_rules(order.scope, report)
        if settled is not None and layers == "all":
            return settled

        await self._check_room(order, leaves)

        sources = Sources(intake.source, intake.canonical)
        with _stage("reviewer"):
            async with self._failures.billed(order, leaves) as bill:

                async def ask(sources: Sources, subject: Subject) -> Opinion:
                    return await self.reviewer.review(sources, subject, _until_records(deadline), bill)

                opinion = await parts.review(ask, sources, subject_of(order, report))
        return by_both(order.scope, report, opinion)

    @property
    def _failures(self) -> Failures:
        return Failures(self.log)

    async def _check_room(self, order: Order, leaves: str) -> None:
        if self.room is not None and not order.attempts_of:  # a task was let in with what it costs
            await self.room.check(order.caller, leaves, order.request_id)

    def _analyse(self, intake: Intake, order: Order, inputs: Sequence[str], *, compiled: bool) -> RulesReport:
        if compiled and order.catalogue:
            report = analyse_compiled(intake, order.scope, inputs, order.plan, order.catalogue)
        else:
            report = analyse(intake, order.scope, inputs)
        return add(report, intake, self.sources)

    def _cache_key(self, order: Order) -> bytes:
        # Of the inputs a verdict knows the names; their contents are the executor's to check.
        names = "\0".join(item.name for item in order.inputs)
        profile = self.reviewer.profile_for(subject_with(order, []))
        sources = [source.name for source in self.sources]
        judges = f"{rules_version()} {sources} {prompt_version()} {self.reviewer.model} {profile!r}"
        texts = (order.task, names, judges)
        actions = (order.plan, order.catalogue.sha256 if order.catalogue else b"")
        return cache_key((order.program, order.scope.sha256, *actions, *(text.encode() for text in texts)))

    async def _record_verdict(self, order: Order, decision: Decision, findings: bytes) -> Appended:
        audience = self.approver.audience_for(order.audience)
        fields, bodies = verdict_record(order, decision, findings, audience)
        return await self.log.append("verdict_reached", fields, request_id=order.request_id, bodies=bodies)


def _unfit(order: Order, inputs: Sequence[str]) -> str | None:
    """Why the plan that came does not account for the program; empty when it does, None when none came."""
    return mismatch(order.plan, order.catalogue, order.program, inputs) if order.plan else None


def _stage(name: str) -> AbstractContextManager[object]:
    """Times what is done inside, however it ends."""
    return metrics.REVIEW_STAGE_SECONDS.labels(name).time()


def _count_verdict(scope: str, decision: Decision) -> None:
    metrics.VERDICTS.labels(scope, decision.verdict.value).inc()
    if decision.cached:
        metrics.CACHED_VERDICTS.labels(scope).inc()


def _grounds(order: Order, decision: Decision, findings: bytes, verdict: Appended) -> Grounds:
    return Grounds(
        request_id=order.request_id,
        program_sha256=order.program_sha256,
        scope=order.scope,
        inputs=order.inputs,
        grants=decision.capabilities,
        findings_sha256=hashlib.sha256(findings).digest(),
        decided_by=decision.decided_by,
        verdict=verdict,
        audience=order.audience,
    )


def _until_records(deadline: Deadline) -> Deadline:
    return Deadline.after(deadline.remaining_s(keep_s=KEEP_FOR_RECORDS_S))


def _elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

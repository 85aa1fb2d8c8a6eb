"""The guard's core: intake, rules, reviewer, policy, record, approval, in this order.

Knows the order and what must be durable before what. Must not know gRPC messages, prompts or files. Nothing
leaves here before its record is durable, and a failure of ours is an error, never a verdict.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

import grpc
import structlog

from guard_svc import parts
from guard_svc.approve import Approver, Grounds
from guard_svc.breaker import Who
from guard_svc.cache import VerdictCache, cache_key
from guard_svc.findings import Finding, Severity, shorten
from guard_svc.intake import MAX_BYTES, Intake, IntakeRefused, read_program
from guard_svc.pauses import Pauses
from guard_svc.policy import Decision, Verdict, by_both, by_rules, by_rules_alone, refuse
from guard_svc.profiles import population_of
from guard_svc.prompts import Subject, prompt_version
from guard_svc.proposal import Proposal
from guard_svc.reviewer import NO_TOKENS, Bill, Opinion, Reviewer, ReviewerUnavailable, Tokens
from guard_svc.room import Room
from guard_svc.rules import RulesReport, analyse
from guard_svc.screening import Screener, Screening
from guard_svc.sources import RuleSource, add
from guard_svc.version import rules_version
from guard_svc.views import Sources
from placet.approval.statement import InputDigest
from placet.audit.client import Appended, AuditLog
from placet.audit.record import MAX_BODY_JSON_BYTES, canonical
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from placet.scope import Scope

MAX_RECORDED_FINDINGS: Final = 50
MAX_RECORDED_MESSAGE: Final = 200
MAX_RECORDED_QUOTE: Final = 120
MAX_FACTS: Final = 8
# What recording and signing may take after the reviewer has answered.
KEEP_FOR_RECORDS_S: Final = 3.0
RETRY_AFTER_S: Final = 5.0
RECORD_LATE_S: Final = 15.0
_log = structlog.get_logger()

Layers = Literal["all", "rules", "reviewer"]
"""`reviewer` asks the model even where the rules have settled the verdict, and clears nothing."""


@dataclass(frozen=True)
class Order:
    """One program to review. Everything but `scope` and `caller` comes from outside; bounds were checked."""

    scope: Scope
    program: bytes
    task: str = ""
    inputs: tuple[InputDigest, ...] = ()
    caller: str = ""
    request_id: str = ""
    audience: str = ""
    verdict_only: bool = False
    attempts_of: str = ""
    """The task whose attempts count as one denial; only the generator's word for it is taken."""

    @property
    def who(self) -> Who:
        """Whose denials count together."""
        return Who(self.caller, self.scope.name)

    @property
    def program_sha256(self) -> bytes:
        """32 bytes: the program's name."""
        return hashlib.sha256(self.program).digest()


@dataclass(frozen=True)
class Answer:
    """A decision and what came of it. `approval` is empty unless ALLOWED and asked for."""

    decision: Decision
    elapsed_ms: int
    approval: bytes = b""
    verdict: Appended | None = None


@dataclass(frozen=True)
class Coverage:
    """How much of a program was looked at, in bytes; `reviewer` is complete, skipped or failed.

    What was looked at when the verdict was reached: a cached one has the coverage of that time.
    """

    bytes_total: int
    bytes_reviewed: int
    rules_complete: bool
    reviewer: str


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
        """Judge `order.task` before there is a program; recorded. Raises like `review`."""
        names = [item.name for item in order.inputs]
        await self._check_room(order, "task_screened")
        try:
            async with self._billed(order, "task_screened") as bill:
                screening = await self.screener.screen(
                    order.scope, order.task, names, _until_records(deadline), bill
                )
        except ReviewerUnavailable as error:
            raise unavailable(error) from error
        await self.log.append(
            "task_screened",
            {
                "in_scope": screening.in_scope,
                "scope": _scope_fields(order.scope),
                "task_sha256": _sha256_hex(order.task.encode()),
                "caller": order.caller,
                "findings": [_finding_fields(finding) for finding in screening.findings],
                **({"tokens": asdict(screening.tokens)} if screening.tokens != Tokens() else {}),
            },
            request_id=order.request_id,
        )
        answer = "in_scope" if screening.in_scope else "out_of_scope"
        metrics.SCREENINGS.labels(order.scope.name, answer).inc()
        return screening

    async def _check_not_paused(self, order: Order) -> None:
        if self.pauses is None or order.verdict_only:
            return
        try:
            await self.pauses.check(order.who, order.scope.metadata.owner)
        except ServiceError as error:
            if error.reason == "CALLER_PAUSED":
                await self._record_failure(order, error.reason)
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
        with _stage("rules"):
            report = await asyncio.to_thread(self._analyse, intake, order.scope, names)
        if layers == "rules":
            return by_rules_alone(order.scope, report)
        settled = by_rules(order.scope, report)
        if settled is not None and layers == "all":
            return settled

        await self._check_room(order, leaves)

        sources = Sources(intake.source, intake.canonical)
        with _stage("reviewer"):
            async with self._billed(order, leaves) as bill:

                async def ask(sources: Sources, subject: Subject) -> Opinion:
                    return await self.reviewer.review(sources, subject, _until_records(deadline), bill)

                opinion = await parts.review(ask, sources, subject_of(order, report))
        return by_both(order.scope, report, opinion)

    @asynccontextmanager
    async def _billed(self, order: Order, leaves: str) -> AsyncIterator[Bill]:
        """What asking the model cost is on record, also where no record of kind `leaves` came of it."""
        bill = Bill()
        try:
            yield bill
        except ReviewerUnavailable as error:
            if leaves:
                await self._record_failure(order, error.reason, bill.tokens, leaves)
            raise
        except asyncio.CancelledError:
            if leaves:
                late = self._record_late(order, "CANCELLED", bill.tokens, leaves)
                # Shielded: a caller that went away does not take the record with it.
                await asyncio.shield(asyncio.ensure_future(late))
            raise

    async def _check_room(self, order: Order, leaves: str) -> None:
        if self.room is not None and not order.attempts_of:  # a task was let in with what it costs
            await self.room.check(order.caller, leaves, order.request_id)

    def _analyse(self, intake: Intake, scope: Scope, inputs: Sequence[str]) -> RulesReport:
        return add(analyse(intake, scope, inputs), intake, self.sources)

    def _cache_key(self, order: Order) -> bytes:
        # Of the inputs a verdict knows the names; their contents are the executor's to check.
        names = "\0".join(item.name for item in order.inputs)
        profile = self.reviewer.profile_for(_subject(order, []))
        sources = [source.name for source in self.sources]
        judges = f"{rules_version()} {sources} {prompt_version()} {self.reviewer.model} {profile!r}"
        texts = (order.task, names, judges)
        return cache_key((order.program, order.scope.sha256, *(text.encode() for text in texts)))

    async def _record_failure(
        self, order: Order, reason: str, tokens: Tokens = NO_TOKENS, leaves: str = "verdict_reached"
    ) -> None:
        screened = leaves == "task_screened"
        if screened and tokens == NO_TOKENS:  # nothing was looked at and nothing spent
            return
        metrics.REVIEW_FAILURES.labels(reason).inc()
        about = order.task.encode() if screened else order.program
        body = {
            "reason": reason,
            "task_sha256" if screened else "program_sha256": _sha256_hex(about),
            "caller": order.caller,
            "scope": _scope_fields(order.scope),
            **({} if tokens == NO_TOKENS else {"tokens": asdict(tokens)}),
        }
        await self.log.append("review_failed", body, request_id=order.request_id)

    async def _record_late(self, order: Order, reason: str, tokens: Tokens, leaves: str) -> None:
        """As `_record_failure`; a second failure is logged and hides nothing."""
        try:
            async with asyncio.timeout(RECORD_LATE_S):
                await self._record_failure(order, reason, tokens, leaves)
        except (ServiceError, TimeoutError) as error:
            _log.error("review_failed is not on record", request_id=order.request_id, error=str(error))

    async def _record_verdict(self, order: Order, decision: Decision, findings: bytes) -> Appended:
        bodies = {"findings": findings}
        if 0 < len(order.program) <= MAX_BYTES:
            bodies["program"] = order.program
        fields = _verdict_fields(order, decision, findings)
        if decision.verdict is Verdict.NEEDS_REVIEW:
            audience = self.approver.audience_for(order.audience)
            proposal = Proposal(order.scope, order.task, order.inputs, decision.capabilities, audience)
            fields |= proposal.fields()
            bodies |= proposal.bodies()
        return await self.log.append(
            "verdict_reached", _fitting(fields), request_id=order.request_id, bodies=bodies
        )


def _stage(name: str) -> AbstractContextManager[object]:
    """Times what is done inside, however it ends."""
    return metrics.REVIEW_STAGE_SECONDS.labels(name).time()


def _count_verdict(scope: str, decision: Decision) -> None:
    metrics.VERDICTS.labels(scope, decision.verdict.value).inc()
    if decision.cached:
        metrics.CACHED_VERDICTS.labels(scope).inc()


def unavailable(error: ReviewerUnavailable) -> ServiceError:
    """What a caller is told when the model cannot be asked: try again; nothing was denied."""
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "REVIEW_UNAVAILABLE",
        f"The reviewer could not be asked, so nothing was decided: {error.message}. Try again.",
        retry_after_s=RETRY_AFTER_S if error.retry_after_s is None else error.retry_after_s,
        metadata={"model_reason": error.reason},
    )


def subject_of(order: Order, report: RulesReport) -> Subject:
    """What the reviewer is told besides the program: doubts of the rules, and capabilities.

    Notes are not told: they are no reason to deny, and a small model takes them for one. Denials are not told
    either: they come this far only when a model is measured, and are then what the rules might have missed.
    """
    doubts = [f for f in report.findings if f.severity is Severity.MEDIUM]
    facts = [f"line {f.line}: {f.message}" for f in doubts[:MAX_FACTS]]
    if needed := _needed(order.scope, report):
        facts.append(f"capabilities needed: {', '.join(needed)[:400]}")
    return _subject(order, facts)


def _needed(scope: Scope, report: RulesReport) -> list[str]:
    """The capabilities; of a program that is denied only the listed imports, for the others betray it."""
    if not any(finding.denies for finding in report.findings):
        return list(report.capabilities)
    listed = {f"import:{name}" for name in scope.allow.imports}
    return [item for item in report.capabilities if item.partition(".")[0] in listed]


def _subject(order: Order, facts: Sequence[str]) -> Subject:
    allows, names = _allows(order.scope), [item.name for item in order.inputs]
    task = order.task if population_of(allows) == "wide" else ""
    return Subject(order.scope.purpose, allows, task, names, facts)


def encode_findings(findings: Sequence[Finding]) -> bytes:
    """All findings as canonical JSON; its digest goes into record and approval."""
    return canonical([_finding_fields(finding) for finding in findings])


def coverage_of(decision: Decision, size: int) -> Coverage:
    """How much was looked at. `size` is the program's length in bytes."""
    return Coverage(size, size if decision.complete else 0, decision.rules_complete, decision.reviewer)


def _verdict_fields(order: Order, decision: Decision, findings: bytes) -> dict[str, object]:
    return {
        "verdict": decision.verdict.value,
        "program_sha256": order.program_sha256.hex(),
        "scope": _scope_fields(order.scope),
        "risk_pct": decision.risk_pct,
        "decided_by": decision.decided_by,
        "findings_sha256": _sha256_hex(findings),
        "findings": [_finding_fields(finding) for finding in decision.findings[:MAX_RECORDED_FINDINGS]],
        "coverage": asdict(coverage_of(decision, len(order.program))),
        "task_sha256": _sha256_hex(order.task.encode()),
        "model": decision.model,
        "prompt_version": prompt_version(),
        "rules_version": rules_version(),
        "cached": decision.cached,
        "caller": order.caller,
        **_quorum_fields(order.scope, decision),
        **_opinion_fields(decision),
    }


def _fitting(fields: dict[str, object]) -> dict[str, object]:
    """The same with as many findings as a record holds beside many inputs; its body has them all."""
    found = fields["findings"]
    while found and isinstance(found, list) and len(canonical(fields)) > MAX_BODY_JSON_BYTES:
        found = found[: len(found) // 2]
        fields = {**fields, "findings": found}
    return fields


def _quorum_fields(scope: Scope, decision: Decision) -> dict[str, object]:
    """How many people must allow a program, when one is not enough (docs/audit-format.md §6.16)."""
    quorum = scope.review.quorum_for(finding.severity.name for finding in decision.findings)
    return {"quorum": quorum} if quorum > 1 else {}


def _opinion_fields(decision: Decision) -> dict[str, object]:
    """The reviewer's own risk and what asking it cost, when it was asked."""
    if decision.opinion is None:
        return {}
    return {
        "reviewer_risk_pct": round(decision.opinion.risk * 100),
        "tokens": asdict(decision.opinion.tokens),
    }


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


def _finding_fields(finding: Finding) -> dict[str, object]:
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity.name,
        "line": finding.line,
        "end_line": finding.end_line,
        "message": shorten(finding.message, MAX_RECORDED_MESSAGE),
        "source": finding.source,
        "quote": shorten(finding.quote, MAX_RECORDED_QUOTE),
    }


def _scope_fields(scope: Scope) -> dict[str, object]:
    return {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()}


def _allows(scope: Scope) -> list[str]:
    allow = scope.allow
    return [
        *(f"import:{name}" for name in allow.imports),
        *(f"fs.read:{place}" for place in allow.read),
        *(f"fs.write:{place}" for place in allow.write),
        *(f"network:{host}" for host in allow.hosts),
        *(f"process:{command}" for command in allow.commands),
    ]


def _until_records(deadline: Deadline) -> Deadline:
    return Deadline.after(deadline.remaining_s(keep_s=KEEP_FOR_RECORDS_S))


def _sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

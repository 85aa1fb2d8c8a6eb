"""Between the services' messages and the client's values (placet/answers.py). Translates; decides nothing.

An enum value that this version does not know reads as the cautious one: an unknown verdict is DENIED.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from placetpb.audit.v1 import audit_pb2
from placetpb.common.v1 import common_pb2
from placetpb.generator.v1 import generator_pb2
from placetpb.guard.v1 import guard_pb2

from placet.answers import (
    Advice,
    CallerUsage,
    Coverage,
    Finding,
    LimitUsage,
    LogRecord,
    Opinion,
    Outcome,
    RecordRef,
    Review,
    ScopeRef,
    Usage,
    Verdict,
    Violation,
)
from placet.audit.waiting import Decided

_VERDICTS = {
    common_pb2.VERDICT_ALLOWED: Verdict.ALLOWED,
    common_pb2.VERDICT_NEEDS_REVIEW: Verdict.NEEDS_REVIEW,
}
_OUTCOMES = {
    generator_pb2.OUTCOME_DONE: Outcome.DONE,
    generator_pb2.OUTCOME_DENIED: Outcome.DENIED,
    generator_pb2.OUTCOME_NEEDS_REVIEW: Outcome.NEEDS_REVIEW,
    generator_pb2.OUTCOME_PROGRAM_FAILED: Outcome.PROGRAM_FAILED,
}


def verdict(value: int) -> Verdict:
    """Anything but the two other known values is a denial."""
    return _VERDICTS.get(value, Verdict.DENIED)  # type: ignore[call-overload,no-any-return,unused-ignore]


def outcome(value: int) -> Outcome | None:
    """None for a value that this version does not know."""
    return _OUTCOMES.get(value)  # type: ignore[call-overload,no-any-return,unused-ignore]


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)


def severity(value: int) -> str:
    """INFO … CRITICAL; an unknown number weighs most."""
    if value in common_pb2.Severity.values() and value != 0:
        return _word(common_pb2.Severity.Name(value), "SEVERITY_")  # type: ignore[arg-type,unused-ignore]
    return "CRITICAL"


def source(value: int) -> str:
    """intake, rule, reviewer, policy, human or unknown."""
    if value in common_pb2.FindingSource.values() and value != 0:
        name = common_pb2.FindingSource.Name(value)  # type: ignore[arg-type,unused-ignore]
        return _word(name, "FINDING_SOURCE_").lower()
    return "unknown"


def tier(value: int) -> str | None:
    """T0 … T3; None when nothing ran."""
    if value in common_pb2.Tier.values() and value != 0:
        return _word(common_pb2.Tier.Name(value), "TIER_")  # type: ignore[arg-type,unused-ignore]
    return None


def status(value: int) -> str | None:
    """EXITED, TIMED_OUT …; None when nothing ran."""
    if value in common_pb2.RunStatus.values() and value != 0:
        return _word(common_pb2.RunStatus.Name(value), "RUN_STATUS_")  # type: ignore[arg-type,unused-ignore]
    return None


def stream(value: int) -> str:
    """stdout, unless it is stderr."""
    return "stderr" if value == common_pb2.OUTPUT_STREAM_STDERR else "stdout"


def findings(messages: Iterable[common_pb2.Finding]) -> tuple[Finding, ...]:
    """All findings, in the guard's order."""
    return tuple(
        Finding(
            rule_id=m.rule_id,
            severity=severity(m.severity),
            line=m.line,
            end_line=m.end_line,
            message=m.message,
            source=source(m.source),
            quote=m.quote,
            column=m.column,
            end_column=m.end_column,
            what=m.what,
            why=m.why,
            instead=m.instead,
            cwe=m.cwe,
            documentation=m.documentation,
        )
        for m in messages
    )


def advice(message: common_pb2.Advice) -> Advice:
    """A verdict of the rules counts only beside changes."""
    return Advice(
        owner=message.owner,
        changes=tuple(message.changes),
        rules_verdict=verdict(message.rules_verdict) if message.changes else None,
        never=tuple(message.never),
        complete=message.complete,
        unseen=findings(message.unseen),
        cautions=tuple(message.cautions),
    )


def scope_ref(message: common_pb2.ScopeRef) -> ScopeRef:
    """Digest as hex."""
    return ScopeRef(message.name, message.version, message.sha256.hex())


def record_ref(message: common_pb2.RecordRef, checkpoint: str = "") -> RecordRef:
    """Digest as hex."""
    return RecordRef(message.index, message.leaf_hash.hex(), checkpoint)


def violations(messages: Iterable[common_pb2.Violation]) -> tuple[Violation, ...]:
    """Field by field, in the executor's order."""
    return tuple(Violation(m.path, m.rule, m.message) for m in messages)


def usage(message: common_pb2.Usage) -> Usage:
    """Field by field."""
    return Usage(
        message.wall_ms,
        message.cpu_ms,
        message.max_memory_bytes,
        message.stdout_bytes,
        message.stderr_bytes,
        message.max_threads,
        message.delivery_ms,
    )


def review(
    message: guard_pb2.ReviewedProgram, approval: bytes = b"", record: RecordRef | None = None
) -> Review:
    """An approval counts only beside an ALLOWED verdict; otherwise it is dropped."""
    decided = verdict(message.verdict)
    coverage = message.coverage
    return Review(
        verdict=decided,
        risk=message.risk_pct / 100,
        findings=findings(message.findings),
        decided_by=message.decided_by,
        coverage=Coverage(
            coverage.bytes_total, coverage.bytes_reviewed, coverage.rules_complete, coverage.reviewer
        ),
        program_sha256=message.program_sha256.hex(),
        scope=scope_ref(message.scope),
        capabilities=tuple(message.capabilities),
        elapsed_ms=message.elapsed_ms,
        approval=approval if decided is Verdict.ALLOWED else b"",
        record=record,
        advice=advice(message.advice) if message.HasField("advice") else None,
        opinion=opinion(message.opinion) if message.HasField("opinion") else None,
    )


def decided_review(asked: Review, decided: Decided) -> Review:
    """A review that asked for people, with their answer in place of its own."""
    return replace(
        asked,
        verdict=Verdict.ALLOWED if decided.allowed else Verdict.DENIED,
        findings=findings([decided.finding()]),
        decided_by=decided.decided_by,
        approval=decided.approval,
        record=RecordRef(decided.index, ""),
        advice=None,
    )


def opinion(message: guard_pb2.ReviewerOpinion) -> Opinion:
    """The reviewer model's own words in numbers."""
    return Opinion(
        risk=message.risk,
        stance=message.stance,
        complete=message.complete,
        model=message.model,
        population=message.population,
        prompt_tokens=message.prompt_tokens,
        cached_tokens=message.cached_tokens,
        completion_tokens=message.completion_tokens,
    )


def caller_usage(message: audit_pb2.CallerUsage) -> CallerUsage:
    """What one caller used of its quota."""
    limits = tuple(LimitUsage(each.limit, each.at_most, each.used) for each in message.limits)
    return CallerUsage(message.caller, limits)


def log_record(message: audit_pb2.Record) -> LogRecord:
    """The leaf's exact bytes are kept."""
    return LogRecord(message.index, message.leaf, message.leaf_hash.hex())

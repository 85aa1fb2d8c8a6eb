"""Answers as they travel: findings with their reasons, advice, and the review they belong to.

Knows messages and the core's values; decides nothing. No quote leaves here that is not text of the program.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import structlog
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2

from guard_svc.advice import Advice
from guard_svc.findings import Finding, with_true_quotes
from guard_svc.intake import IntakeRefused, read_program
from guard_svc.order import Order
from guard_svc.policy import Verdict
from guard_svc.prompts import prompt_version
from guard_svc.reasons import reason_of
from guard_svc.recorded import coverage_of
from guard_svc.review import Answer
from guard_svc.reviewer import Opinion
from guard_svc.version import rules_version
from placet.scope import Scope

_VERDICTS: Final = {
    Verdict.ALLOWED: common_pb2.VERDICT_ALLOWED,
    Verdict.DENIED: common_pb2.VERDICT_DENIED,
    Verdict.NEEDS_REVIEW: common_pb2.VERDICT_NEEDS_REVIEW,
}

_log = structlog.get_logger(__name__)


def scope_ref(scope: Scope) -> common_pb2.ScopeRef:
    """A scope by name, version and digest."""
    return common_pb2.ScopeRef(name=scope.name, version=scope.version, sha256=scope.sha256)


def finding_message(finding: Finding) -> common_pb2.Finding:
    """A finding with the words of its rule; its quote must have been checked."""
    reason = reason_of(finding.rule_id)
    return common_pb2.Finding(
        rule_id=finding.rule_id,
        severity=f"SEVERITY_{finding.severity.name}",
        line=finding.line,
        end_line=finding.end_line,
        column=finding.column,
        end_column=finding.end_column,
        message=finding.message,
        source=f"FINDING_SOURCE_{finding.source.upper()}",
        quote=finding.quote,
        what=reason.what,
        why=reason.why,
        instead=reason.instead,
        cwe=reason.cwe,
        documentation=reason.documentation,
    )


def _quoting(findings: Sequence[Finding], program: bytes) -> list[Finding]:
    """The findings with quotes that are text of the program, whatever a check or a model claimed."""
    source = program.decode(errors="replace")
    checked = with_true_quotes(findings, source)
    if checked == list(findings):
        return checked
    # The reviewer may have cited the program's other view, which has no line numbers of ours.
    told = with_true_quotes(findings, source, _canonical(program))
    for before, after in zip(findings, told, strict=True):
        if before != after:
            _log.error("a quote is not in the program", rule_id=before.rule_id, line=before.line)
    return told


def _canonical(program: bytes) -> str:
    try:
        return read_program(program).canonical
    except IntakeRefused:
        return ""


def _advised(advice: Advice) -> common_pb2.Advice:
    return common_pb2.Advice(
        owner=advice.owner,
        changes=advice.changes,
        rules_verdict=_VERDICTS[advice.rules_verdict] if advice.rules_verdict else None,
        never=advice.never,
        complete=advice.complete,
        unseen=[finding_message(finding) for finding in advice.unseen],
        cautions=advice.cautions,
    )


def reviewed(order: Order, answer: Answer, advice: Advice | None) -> guard_pb2.ReviewedProgram:
    """The whole answer on a program, with quotes that were checked here."""
    decision = answer.decision
    return guard_pb2.ReviewedProgram(
        verdict=_VERDICTS[decision.verdict],
        risk_pct=decision.risk_pct,
        findings=[finding_message(finding) for finding in _quoting(decision.findings, order.program)],
        decided_by=decision.decided_by,
        coverage=guard_pb2.Coverage(**asdict(coverage_of(decision, len(order.program)))),
        program_sha256=order.program_sha256,
        scope=scope_ref(order.scope),
        capabilities=list(decision.capabilities),
        elapsed_ms=answer.elapsed_ms,
        advice=_advised(advice) if advice else None,
        opinion=_opinion(decision.opinion) if decision.opinion else None,
        rules_version=rules_version(),
        prompt_version=prompt_version(),
    )


def _opinion(opinion: Opinion) -> guard_pb2.ReviewerOpinion:
    return guard_pb2.ReviewerOpinion(
        risk=opinion.risk,
        stance=opinion.stance,
        complete=opinion.complete,
        model=opinion.model,
        prompt_tokens=opinion.tokens.prompt,
        cached_tokens=opinion.tokens.cached,
        completion_tokens=opinion.tokens.completion,
        population=opinion.population,
    )

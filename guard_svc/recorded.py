"""What the log is told of a review: one record's fields and bodies.

Knows orders, decisions and docs/audit-format.md §2. Must not know the log, nor how anything is decided.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from guard_svc.findings import Finding, shorten
from guard_svc.intake import MAX_BYTES
from guard_svc.order import Order
from guard_svc.policy import Decision, Verdict
from guard_svc.prompts import prompt_version
from guard_svc.proposal import Proposal
from guard_svc.version import rules_version
from placet.approval.statement import inputs_json
from placet.audit.record import MAX_BODY_JSON_BYTES, canonical
from placet.scope import Scope

MAX_RECORDED_FINDINGS: Final = 50
MAX_RECORDED_MESSAGE: Final = 200
MAX_RECORDED_QUOTE: Final = 120


@dataclass(frozen=True)
class Coverage:
    """How much of a program was looked at, in bytes; `reviewer` is complete, skipped or failed.

    What was looked at when the verdict was reached: a cached one has the coverage of that time.
    """

    bytes_total: int
    bytes_reviewed: int
    rules_complete: bool
    reviewer: str


def encode_findings(findings: Sequence[Finding]) -> bytes:
    """All findings as canonical JSON; its digest goes into record and approval."""
    return canonical([finding_fields(finding) for finding in findings])


def coverage_of(decision: Decision, size: int) -> Coverage:
    """How much was looked at. `size` is the program's length in bytes."""
    return Coverage(size, size if decision.complete else 0, decision.rules_complete, decision.reviewer)


def verdict_record(
    order: Order, decision: Decision, findings: bytes, audience: str
) -> tuple[Mapping[str, object], Mapping[str, bytes]]:
    """Fields and bodies of a `verdict_reached`. `audience` is the pool that an approval would be for."""
    fields, bodies = _verdict_fields(order, decision, findings), {"findings": findings}
    if 0 < len(order.program) <= MAX_BYTES:
        bodies["program"] = order.program
    if order.plan:
        bodies["plan"] = order.plan
    if decision.verdict is Verdict.NEEDS_REVIEW:
        proposal = Proposal(order.scope, order.task, order.inputs, decision.capabilities, audience)
        fields |= proposal.fields()
        bodies |= proposal.bodies()
    return _fitting(fields), bodies


def _verdict_fields(order: Order, decision: Decision, findings: bytes) -> dict[str, object]:
    return {
        "verdict": decision.verdict.value,
        "program_sha256": order.program_sha256.hex(),
        "scope": scope_fields(order.scope),
        "risk_pct": decision.risk_pct,
        "decided_by": decision.decided_by,
        "findings_sha256": sha256_hex(findings),
        "findings": [finding_fields(finding) for finding in decision.findings[:MAX_RECORDED_FINDINGS]],
        "coverage": asdict(coverage_of(decision, len(order.program))),
        "task_sha256": sha256_hex(order.task.encode()),
        "model": decision.model,
        "prompt_version": prompt_version(),
        "rules_version": rules_version(),
        "cached": decision.cached,
        "caller": order.caller,
        **_plan_fields(order),
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


def _plan_fields(order: Order) -> dict[str, object]:
    """The plan that came, and what it was held against."""
    if not order.plan:
        return {}
    named = {"catalogue_sha256": order.catalogue.sha256.hex()} if order.catalogue else {}
    return {"plan_sha256": sha256_hex(order.plan), "inputs": inputs_json(order.inputs), **named}


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


def finding_fields(finding: Finding) -> dict[str, object]:
    """A finding as records and their bodies hold it."""
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity.name,
        "line": finding.line,
        "end_line": finding.end_line,
        "message": shorten(finding.message, MAX_RECORDED_MESSAGE),
        "source": finding.source,
        "quote": shorten(finding.quote, MAX_RECORDED_QUOTE),
    }


def scope_fields(scope: Scope) -> dict[str, object]:
    """A scope as records name it."""
    return {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()}


def sha256_hex(content: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(content).hexdigest()

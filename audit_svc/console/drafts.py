"""The records that people's decisions become. Pure: the same decisions always give the same records.

Knows docs/audit-format.md §2 and the approval's statement. Must not know who may decide, nor the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

from audit_svc.console.case import DECISION, Case, Settled, Vote
from audit_svc.console.proposal import Proposal
from audit_svc.draft import Draft
from placet.approval import Approval, LogRef, ScopeRef
from placet.approval.decision import Decision
from placet.approval.reading import write_time
from placet.approval.statement import inputs_json, new_approval_id, scope_json
from placet.audit.record import canonical
from placet.rpc.identity import service_uri

APPROVAL_TTL: Final = timedelta(minutes=5)
MAX_VOTE_REASON_CHARS: Final = 256
"""What a vote's record holds of the reason; the signed decision beside it holds all."""
RULES: Final[Mapping[str, str]] = {"ALLOWED": "human.approval.reason", "DENIED": "human.denial.reason"}
CONSOLE: Final = service_uri("console")


def scope_ref(case: Case) -> ScopeRef:
    """The scope that the item was judged under."""
    scope = case.record.body["scope"]
    assert isinstance(scope, Mapping)  # the log holds no other verdict
    return ScopeRef(str(scope["name"]), int(scope.get("version", 1)), bytes.fromhex(str(scope["sha256"])))


def reviewed(case: Case) -> LogRef:
    """The verdict that asked for people."""
    return LogRef(case.record.log, case.index, case.entry.leaf_hash)


def vote(case: Case, decision: Decision, envelope: bytes) -> Draft:
    """`review_given`: one person's decision, with its envelope.

    Its key is its number on the item: of two people at once the log takes one, and the other looks again.
    """
    body = {
        "verdict": decision.verdict,
        "program_sha256": decision.program_sha256.hex(),
        "scope": case.record.body["scope"],
        "decided_by": decision.decided_by,
        "reason": decision.reason[:MAX_VOTE_REASON_CHARS],
        "caller": case.record.body.get("caller", ""),
        "verdict_index": case.index,
        "review_token": (decision.review_token or b"").hex(),
        "envelope_sha256": hashlib.sha256(envelope).hexdigest(),
    }
    key = f"vote/{case.index}/{case.cast}"
    return Draft("review_given", case.record.request_id, CONSOLE, body, {DECISION: envelope}, key)


def verdict(case: Case) -> Draft:
    """`verdict_reached` by the person whose vote decided; only for an item on which one did."""
    deciding = case.deciding
    assert deciding is not None
    findings = canonical(_findings(deciding))
    asked = case.record.body
    body = {
        "verdict": deciding.verdict,
        "program_sha256": asked["program_sha256"],
        "scope": asked["scope"],
        "risk_pct": 0,
        "decided_by": f"human:{deciding.name}",
        "findings_sha256": hashlib.sha256(findings).hexdigest(),
        "findings": _findings(deciding),
        "coverage": {**_coverage(asked), "rules_complete": False, "reviewer": "skipped"},
        "task_sha256": asked.get("task_sha256", hashlib.sha256(b"").hexdigest()),
        "model": "",
        "caller": asked.get("caller", ""),
        "reviewed_index": case.index,
    }
    key = f"review/{case.index}"
    return Draft("verdict_reached", case.record.request_id, CONSOLE, body, {"findings": findings}, key)


def _findings(deciding: Vote) -> list[dict[str, object]]:
    """The reason, as the one finding of a person's verdict."""
    return [
        {
            "rule_id": RULES[deciding.verdict],
            "severity": "INFO",
            "line": 0,
            "end_line": 0,
            "message": deciding.reason,
            "source": "human",
            "quote": "",
        }
    ]


def _coverage(asked: Mapping[str, object]) -> dict[str, object]:
    found = asked.get("coverage")
    total = found.get("bytes_total", 0) if isinstance(found, Mapping) else 0
    return {"bytes_total": total, "bytes_reviewed": 0}


def statement(case: Case, settled: Settled, proposal: Proposal, now: datetime) -> Approval:
    """What the guard would have approved, in the name of the person who decided."""
    deciding = case.deciding
    assert deciding is not None  # there is a verdict by a person
    return Approval(
        approval_id=new_approval_id(),
        issued_at=now,
        expires_at=now + APPROVAL_TTL,
        program_sha256=bytes.fromhex(str(case.record.body["program_sha256"])),
        scope=scope_ref(case),
        request_id=case.record.request_id,
        audience=proposal.audience,
        inputs=proposal.inputs,
        grants=proposal.grants,
        limits=proposal.limits,
        min_tier=proposal.min_tier,
        findings_sha256=hashlib.sha256(canonical(_findings(deciding))).digest(),
        audit_log=LogRef(case.record.log, settled.index, settled.leaf_hash),
        decided_by=f"human:{settled.name}",
        verifier_id=CONSOLE,
        verifier_version=version("placet"),
    )


def issued(case: Case, approval: Approval, payload: bytes, key_id: str) -> Draft:
    """`approval_issued`, before anybody signs `payload`."""
    body = {
        "approval_id": approval.approval_id,
        "program_sha256": approval.program_sha256.hex(),
        "statement_sha256": hashlib.sha256(payload).hexdigest(),
        "key_id": key_id,
        "scope": scope_json(approval.scope),
        "issued_at": write_time(approval.issued_at),
        "expires_at": write_time(approval.expires_at),
        "audience": list(approval.audience),
        "inputs": inputs_json(approval.inputs),
        "limits": asdict(approval.limits),
        "min_tier": approval.min_tier,
        "decided_by": approval.decided_by,
        "verdict_index": approval.audit_log.index,
        "verdict_leaf_hash": approval.audit_log.leaf_hash.hex(),
    }
    key = f"issue/{case.index}/{len(case.issued)}"
    return Draft("approval_issued", case.record.request_id, CONSOLE, body, {"statement": payload}, key)


def signed(case: Case, issued_index: int, approval_id: str, file: bytes) -> Draft:
    """`approval_signed`, with the approval file (docs/approval-format.md §2.8) that the caller gets."""
    settled = case.settled
    assert settled is not None  # something was issued
    body = {
        "approval_id": approval_id,
        "program_sha256": case.record.body["program_sha256"],
        "envelope_sha256": hashlib.sha256(file).hexdigest(),
        "issued_index": issued_index,
        "decided_by": f"human:{settled.name}",
    }
    key = f"sign/{issued_index}"
    return Draft("approval_signed", case.record.request_id, CONSOLE, body, {"approval": file}, key)

"""A human's approval: two records in the reviewer's own name, then the same statement that a guard signs.

Knows the statement and the log's protocol. Decides nothing: a person did, and their reason is recorded before
anything is signed. The key is the reviewer's own and never leaves their machine
(docs/adr/0003-human-approval.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

import grpc

from placet.approval import (
    Approval,
    ApprovalRefused,
    InputDigest,
    KeyFileError,
    Limits,
    LogRef,
    ScopeRef,
    SigningKey,
)
from placet.approval.decision import MAX_REASON_CHARS, same_inputs, sign_decision
from placet.approval.decision import Decision as Statement
from placet.approval.envelope import MAX_DECISIONS, approval_file, parse, sign
from placet.approval.reading import write_time
from placet.approval.statement import new_approval_id
from placet.audit.client import Appended, AuditLog
from placet.audit.record import Record, canonical
from placet.audit.signed import MAX_RECORDED_REASON
from placet.inputs import Input
from placet.item import Item
from placet.local.client import client_tls
from placet.local.layout import Layout
from placet.local.prepare import local_user
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles
from placet.scope import Scope

DEFAULT_TTL_S: Final = 300
MAX_TTL_S: Final = 3600
RULE_ID: Final = "human.approval.reason"
VERIFIER_ID: Final = "placet approve"


@dataclass(frozen=True)
class Reviewer:
    """Who approves: a name, the key that signs for it, and the certificate under which the log knows it."""

    name: str
    key: SigningKey
    tls: TlsFiles

    @classmethod
    def local(cls, state: Path, name: str | None = None) -> Reviewer:
        """The reviewer of a state directory; None means this machine's user.

        Raises:
            ServiceError: REVIEWER_UNKNOWN, REVIEWER_KEY_UNFIT.
        """
        layout = Layout(state.absolute())
        who = name or local_user()
        own = layout.pki / f"reviewer-{who}.pem"
        tls = client_tls(layout, own.stem if own.exists() else "reviewer")
        path = layout.reviewer_key(who)
        try:
            return cls(who, SigningKey.load(path), tls)
        except OSError as error:
            raise _refused(
                "REVIEWER_UNKNOWN",
                f"{who!r} has no reviewer's key at {path} ({error.strerror}); see `placet keys list`; make "
                f"one with `placet keys new-reviewer {who}`",
            ) from error
        except KeyFileError as error:
            raise _refused("REVIEWER_KEY_UNFIT", str(error)) from error


@dataclass(frozen=True)
class Decision:
    """What a person decided: this program, for these inputs, in this scope, until then, because of this."""

    program: bytes
    inputs: tuple[Input, ...]
    scope: Scope
    audience: str
    reason: str
    request_id: str
    ttl_s: int = DEFAULT_TTL_S
    item: Item | None = None
    """The verdict that asked for people, when one did; then the approval says what the guard's would have."""

    @classmethod
    def on(cls, item: Item, program: bytes, reason: str, request_id: str, ttl_s: int) -> Decision:
        """A decision about what people were asked."""
        return cls(program, (), item.scope, item.audience[0], reason, request_id, ttl_s, item)

    @property
    def quorum(self) -> int:
        """How many people it takes. Where no guard was asked, as many as the gravest finding would."""
        return self.item.quorum if self.item else self.scope.review.strictest_quorum

    @property
    def input_digests(self) -> tuple[InputDigest, ...]:
        """The files that the program may read."""
        mine = (InputDigest(each.name, each.sha256, len(each.content)) for each in self.inputs)
        return self.item.inputs if self.item else tuple(mine)

    @property
    def grants(self) -> tuple[str, ...]:
        """Without an item all that the scope allows: no rule counted what the program needs."""
        return self.item.grants if self.item else _all_of(self.scope)

    def check(self) -> None:
        """Raises ServiceError REASON_MISSING, REASON_TOO_LONG or TTL_OUT_OF_RANGE."""
        if not self.reason.strip():
            raise _refused("REASON_MISSING", "an approval needs a reason; say in --reason why it may run")
        if len(self.reason) > MAX_REASON_CHARS:
            raise _refused(
                "REASON_TOO_LONG",
                f"the reason has {len(self.reason)} characters and at most {MAX_REASON_CHARS} are kept",
            )
        if not 1 <= self.ttl_s <= MAX_TTL_S:
            raise _refused("TTL_OUT_OF_RANGE", f"an approval lives 1 to {MAX_TTL_S} s, not {self.ttl_s}")


@dataclass(frozen=True)
class Vote:
    """A `review_given`, and the signed decision that it keeps; empty when it keeps none."""

    record: Record
    envelope: bytes


VotesOn = Callable[[str], Awaitable[Sequence[Vote]]]
"""The votes on a program (its digest in hex), in log order."""


async def approve(decision: Decision, reviewer: Reviewer, log: AuditLog, votes_on: VotesOn) -> bytes:
    """Record the decision, record the statement, sign it: an approval file. Without records, no signature.

    Where it may need several people, or people were asked, the decision is a signed vote first, and the last
    of them gets the approval, with all decisions. Whoever waits for what people were asked gets it as well.

    Raises:
        ServiceError: QUORUM_MISSING: the vote is on record, and others must decide the same;
            REVIEW_DECIDED, REVIEW_IS_YOURS; AUDIT_UNAVAILABLE; PERMISSION_DENIED when the log does not know
            the reviewer.
    """
    decision.check()
    _check_may_decide(decision, reviewer.name)
    decided_by = f"human:{reviewer.name}"
    votes: Sequence[bytes] = ()
    if decision.item or decision.quorum > 1:
        votes = await _vote(decision, reviewer, log, votes_on)
    findings = _findings(decision)
    verdict = await _record_verdict(decision, decided_by, findings, log)
    approval = _statement(decision, decided_by, findings, verdict)
    payload = approval.to_bytes()
    issued = await _record_approval(approval, payload, reviewer, log)
    file = approval_file(sign(payload, reviewer.key), *votes)
    if decision.item:
        await _record_signature(approval, issued, file, log)
    return file


def _check_may_decide(decision: Decision, name: str) -> None:
    if decision.item and decision.item.is_asked_by(name):
        raise _refused(
            "REVIEW_IS_YOURS", f"{name} asked for this themselves; another reviewer must decide about it"
        )


async def _vote(decision: Decision, reviewer: Reviewer, log: AuditLog, votes_on: VotesOn) -> Sequence[bytes]:
    """Sign and record the decision; the signed decisions of enough people, this one first."""
    statement = _decision_statement(decision, f"human:{reviewer.name}")
    signed = sign_decision(statement, reviewer.key)
    mine = await _record_vote(statement, signed, log)
    votes = await votes_on(statement.program_sha256.hex())
    others = _others(statement, [vote for vote in votes if _is_about(vote, decision.item)])
    given, needed = 1 + len(others), statement.quorum
    if given < needed:
        raise _refused(
            "QUORUM_MISSING",
            f"{given} of {needed} people have allowed this program; yours is record {mine.index}. Another "
            "reviewer runs the same command with the same program, inputs and scope",
        )
    return [signed, *others][:MAX_DECISIONS]


async def _record_vote(statement: Statement, signed: bytes, log: AuditLog) -> Appended:
    scope = statement.scope
    body = {
        "verdict": statement.verdict,
        "program_sha256": statement.program_sha256.hex(),
        "scope": {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()},
        "decided_by": statement.decided_by,
        "reason": statement.reason[:MAX_RECORDED_REASON],
        "envelope_sha256": hashlib.sha256(signed).hexdigest(),
        **({"verdict_index": statement.reviewed.index} if statement.reviewed else {}),
    }
    return await log.append(
        "review_given", body, request_id=statement.request_id, bodies={"decision": signed}
    )


def _decision_statement(decision: Decision, decided_by: str) -> Statement:
    scope = decision.scope
    return Statement(
        verdict="ALLOWED",
        decided_by=decided_by,
        decided_at=datetime.now(UTC),
        reason=decision.reason,
        program_sha256=hashlib.sha256(decision.program).digest(),
        scope=ScopeRef(scope.name, scope.version, scope.sha256),
        inputs=decision.input_digests,
        quorum=decision.quorum,
        request_id=decision.request_id,
        reviewed=decision.item.verdict if decision.item else None,
    )


def _is_about(vote: Vote, item: Item | None) -> bool:
    """Votes on an item count for that item alone; without one, whatever they were given for."""
    return item is None or vote.record.body.get("verdict_index") == item.verdict.index


def _others(mine: Statement, votes: Sequence[Vote]) -> list[bytes]:
    """The newest decisions of other people, as far as they allow the same. The executor checks who signed."""
    newest = {str(vote.record.body["decided_by"]): vote for vote in votes}
    newest.pop(mine.decided_by, None)
    return [vote.envelope for vote in newest.values() if vote.envelope and _allows_the_same(vote, mine)]


def _allows_the_same(vote: Vote, mine: Statement) -> bool:
    try:
        its = Statement.from_bytes(parse(vote.envelope).payload)
    except ApprovalRefused:
        return False
    same = (its.verdict, its.program_sha256, its.scope) == ("ALLOWED", mine.program_sha256, mine.scope)
    return same and same_inputs(its.inputs, mine.inputs)


def _findings(decision: Decision) -> list[dict[str, object]]:
    """The reason, as the one finding of a human's verdict."""
    return [
        {
            "rule_id": RULE_ID,
            "severity": "INFO",
            "line": 0,
            "end_line": 0,
            "message": decision.reason,
            "source": "human",
            "quote": "",
        }
    ]


async def _record_verdict(
    decision: Decision, decided_by: str, findings: Sequence[dict[str, object]], log: AuditLog
) -> Appended:
    document = canonical(findings)
    size, item = len(decision.program), decision.item
    body = {
        "verdict": "ALLOWED",
        "program_sha256": hashlib.sha256(decision.program).hexdigest(),
        "scope": _scope_json(decision.scope),
        "risk_pct": 0,
        "decided_by": decided_by,
        "findings_sha256": hashlib.sha256(document).hexdigest(),
        "findings": list(findings),
        "coverage": {
            "bytes_total": size,
            "bytes_reviewed": 0,
            "rules_complete": False,
            "reviewer": "skipped",
        },
        "task_sha256": item.task_sha256 if item else hashlib.sha256(b"").hexdigest(),
        "model": "",
        "caller": item.caller if item else decided_by,
        **({"reviewed_index": item.verdict.index} if item else {}),
    }
    bodies = {"program": decision.program, "findings": document}
    return await log.append("verdict_reached", body, request_id=decision.request_id, bodies=bodies)


def _statement(
    decision: Decision, decided_by: str, findings: Sequence[dict[str, object]], verdict: Appended
) -> Approval:
    now = datetime.now(UTC)
    scope = decision.scope
    return Approval(
        approval_id=new_approval_id(),
        issued_at=now,
        expires_at=now + timedelta(seconds=decision.ttl_s),
        program_sha256=hashlib.sha256(decision.program).digest(),
        scope=ScopeRef(scope.name, scope.version, scope.sha256),
        request_id=decision.request_id,
        audience=decision.item.audience if decision.item else (decision.audience,),
        inputs=decision.input_digests,
        grants=decision.grants,
        limits=Limits(**scope.limits.model_dump()),
        min_tier=scope.review.min_tier,
        findings_sha256=hashlib.sha256(canonical(findings)).digest(),
        audit_log=LogRef(verdict.checkpoint.partition("\n")[0], verdict.index, verdict.leaf_hash),
        decided_by=decided_by,
        verifier_id=VERIFIER_ID,
        verifier_version=version("placet"),
    )


def _all_of(scope: Scope) -> tuple[str, ...]:
    allow = scope.allow
    return (
        *(f"import:{name}" for name in allow.imports),
        *(f"fs.read:{place}" for place in allow.read),
        *(f"fs.write:{place}" for place in allow.write),
    )


async def _record_approval(approval: Approval, payload: bytes, reviewer: Reviewer, log: AuditLog) -> Appended:
    body = {
        "approval_id": approval.approval_id,
        "program_sha256": approval.program_sha256.hex(),
        "statement_sha256": hashlib.sha256(payload).hexdigest(),
        "key_id": reviewer.key.key_id,
        "scope": {
            "name": approval.scope.name,
            "version": approval.scope.version,
            "sha256": approval.scope.sha256.hex(),
        },
        "issued_at": write_time(approval.issued_at),
        "expires_at": write_time(approval.expires_at),
        "audience": list(approval.audience),
        "inputs": [{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in approval.inputs],
        "limits": asdict(approval.limits),
        "min_tier": approval.min_tier,
        "decided_by": approval.decided_by,
        "verdict_index": approval.audit_log.index,
        "verdict_leaf_hash": approval.audit_log.leaf_hash.hex(),
    }
    bodies = {"statement": payload}
    return await log.append("approval_issued", body, request_id=approval.request_id, bodies=bodies)


async def _record_signature(approval: Approval, issued: Appended, file: bytes, log: AuditLog) -> None:
    """What whoever waits is told; its body is what they get."""
    body = {
        "approval_id": approval.approval_id,
        "program_sha256": approval.program_sha256.hex(),
        "envelope_sha256": hashlib.sha256(file).hexdigest(),
        "issued_index": issued.index,
        "decided_by": approval.decided_by,
    }
    await log.append("approval_signed", body, request_id=approval.request_id, bodies={"approval": file})


def _scope_json(scope: Scope) -> dict[str, object]:
    return {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()}


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)

"""Issues approvals: states, records, signs. The only part of the guard that holds the key.

Knows statements and the log. Must not know programs, prompts or models. What it signs rests on a
`verdict_reached` record with ALLOWED, which the caller shows by its position in the log; without a record
there is no signature.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from placet.approval.envelope import sign
from placet.approval.keys import SigningKey
from placet.approval.statement import Approval, InputDigest, Limits, LogRef, ScopeRef, new_approval_id
from placet.audit.client import Appended, AuditLog
from placet.rpc.identity import service_uri
from placet.scope import Scope

VERIFIER_VERSION: Final = "1"


@dataclass(frozen=True)
class Grounds:
    """What an approval rests on. `verdict` is the answer to recording ALLOWED for exactly this program."""

    request_id: str
    program_sha256: bytes
    scope: Scope
    inputs: tuple[InputDigest, ...]
    grants: tuple[str, ...]
    findings_sha256: bytes
    decided_by: str
    verdict: Appended
    audience: str = ""


@dataclass(frozen=True)
class ApproverSettings:
    """`audience` is the pool meant when a request names none; `ttl` is how long an approval holds."""

    audience: str
    ttl: timedelta


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


class Approver:
    """Signs with one key."""

    def __init__(
        self,
        key: SigningKey,
        log: AuditLog,
        settings: ApproverSettings,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._key = key
        self._log = log
        self._settings = settings
        self._now = now

    async def issue(self, grounds: Grounds) -> bytes:
        """A signed approval (DSSE envelope, JSON).

        Raises ServiceError AUDIT_UNAVAILABLE when it could not be recorded; then nothing was signed.
        """
        approval = self._statement(grounds)
        statement = approval.to_bytes()
        body = _record(approval, statement, self._key.key_id)
        await self._log.append(
            "approval_issued", body, request_id=grounds.request_id, bodies={"statement": statement}
        )
        return sign(statement, self._key)

    def audience_for(self, asked: str) -> str:
        """The pool that an approval is for when `asked` was asked for; empty is none in particular."""
        return asked or self._settings.audience

    def _statement(self, grounds: Grounds) -> Approval:
        issued_at = self._now()
        scope = grounds.scope
        return Approval(
            approval_id=new_approval_id(),
            issued_at=issued_at,
            expires_at=issued_at + self._settings.ttl,
            program_sha256=grounds.program_sha256,
            scope=ScopeRef(scope.name, scope.version, scope.sha256),
            request_id=grounds.request_id,
            audience=(self.audience_for(grounds.audience),),
            inputs=grounds.inputs,
            grants=grounds.grants,
            limits=Limits(**scope.limits.model_dump()),
            min_tier=scope.review.min_tier,
            findings_sha256=grounds.findings_sha256,
            audit_log=LogRef(
                log_origin(grounds.verdict.checkpoint), grounds.verdict.index, grounds.verdict.leaf_hash
            ),
            decided_by=grounds.decided_by,
            verifier_id=service_uri("guard"),
            verifier_version=VERIFIER_VERSION,
        )


def log_origin(checkpoint: str) -> str:
    """The log's name: the first line of its signed note (C2SP tlog-checkpoint)."""
    return checkpoint.partition("\n")[0]


def _record(approval: Approval, statement: bytes, key_id: str) -> Mapping[str, object]:
    scope = approval.scope
    return {
        "approval_id": approval.approval_id,
        "program_sha256": approval.program_sha256.hex(),
        "statement_sha256": hashlib.sha256(statement).hexdigest(),
        "key_id": key_id,
        "scope": {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()},
        "issued_at": _time(approval.issued_at),
        "expires_at": _time(approval.expires_at),
        "audience": list(approval.audience),
        "inputs": [{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in approval.inputs],
        "limits": vars(approval.limits),
        "min_tier": approval.min_tier,
        "decided_by": approval.decided_by,
        "verdict_index": approval.audit_log.index,
        "verdict_leaf_hash": approval.audit_log.leaf_hash.hex(),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

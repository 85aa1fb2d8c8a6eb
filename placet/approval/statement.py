"""What an approval says: an in-toto Statement v1 with our predicate (docs/approval-format.md §3).

Knows the statement's members and their form. Must not know whether it was signed, nor whether it holds now.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from placet.approval import reading
from placet.approval.errors import malformed
from placet.approval.reading import Members
from placet.approval.strict_json import read_object

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://placet.dev/attestation/approval/v1"
SUBJECT_NAME: Final = "program.py"
TIERS: Final = ("T0", "T1", "T2", "T3")
"""Weakest first."""
MAX_INPUTS: Final = 64

_LIMITS = ("wallS", "cpuS", "memoryMib", "outputKib", "artifacts", "artifactMib")


def tier_number(tier: str) -> int:
    """0 for T0 and so on; -1 for none, and for one that nobody knows."""
    return TIERS.index(tier) if tier in TIERS else -1


@dataclass(frozen=True)
class ScopeRef:
    """A scope file by name, version and the 32-byte SHA-256 of its bytes; the digest is what counts."""

    name: str
    version: int
    sha256: bytes


@dataclass(frozen=True)
class InputDigest:
    """An input by its bare name, the 32-byte SHA-256 of its bytes, and its size in bytes."""

    name: str
    sha256: bytes
    size: int


@dataclass(frozen=True)
class Limits:
    """Bounds of one run; units are in the names, output is per stream. All positive."""

    wall_s: int
    cpu_s: int
    memory_mib: int
    output_kib: int
    artifacts: int
    artifact_mib: int

    def above(self, ceiling: Limits) -> tuple[str, ...]:
        """Names of the limits that are greater than the ceiling's."""
        most = vars(ceiling)
        return tuple(name for name, mine in vars(self).items() if mine > most[name])


@dataclass(frozen=True)
class LogRef:
    """The `verdict_reached` record that the approval rests on; the RFC 6962 leaf hash has 32 bytes."""

    origin: str
    index: int
    leaf_hash: bytes


def new_approval_id() -> str:
    """128 random bits in lower-case hex."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Approval:
    """One approval. Times are aware datetimes in UTC; digests are 32 bytes."""

    approval_id: str
    issued_at: datetime
    expires_at: datetime
    program_sha256: bytes
    scope: ScopeRef
    request_id: str
    audience: tuple[str, ...]
    inputs: tuple[InputDigest, ...]
    grants: tuple[str, ...]
    limits: Limits
    min_tier: str
    findings_sha256: bytes
    audit_log: LogRef
    decided_by: str
    verifier_id: str
    verifier_version: str

    def to_bytes(self) -> bytes:
        """The statement's bytes, which are then signed and kept.

        Raises:
            ValueError: a value breaks the format, so no executor would accept the approval.
        """
        payload = json.dumps(
            self._object(), separators=(",", ":"), sort_keys=True, ensure_ascii=False
        ).encode()
        try:
            same = Approval.from_bytes(payload)
        except Exception as error:
            raise ValueError(f"not a valid approval: {error}") from error
        if same != self:
            raise ValueError("not a valid approval: it does not read back as it was (are all times in UTC?)")
        return payload

    @classmethod
    def from_bytes(cls, payload: bytes) -> Approval:
        """Read a statement. Its signature is the caller's business. Raises APPROVAL_MALFORMED."""
        statement = Members(read_object(payload), "statement")
        statement.constant("_type", STATEMENT_TYPE)
        statement.constant("predicateType", PREDICATE_TYPE)
        program_sha256 = read_subject(statement.members("subject", 1))
        predicate = statement.member("predicate")
        statement.done()
        return _read_predicate(predicate, program_sha256)

    def _object(self) -> dict[str, object]:
        return {
            "_type": STATEMENT_TYPE,
            "subject": [subject_of(self.program_sha256)],
            "predicateType": PREDICATE_TYPE,
            "predicate": self._predicate(),
        }

    def _predicate(self) -> dict[str, object]:
        scope = self.scope
        policy = {"uri": policy_uri(scope), "digest": {"sha256": scope.sha256.hex()}}
        return {
            "approvalId": self.approval_id,
            "issuedAt": reading.write_time(self.issued_at),
            "expiresAt": reading.write_time(self.expires_at),
            "verifier": {"id": self.verifier_id, "version": self.verifier_version, "policies": [policy]},
            "scope": {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()},
            "requestId": self.request_id,
            "audience": list(self.audience),
            "inputs": inputs_json(self.inputs),
            "grants": list(self.grants),
            "limits": dict(zip(_LIMITS, vars(self.limits).values(), strict=True)),
            "minTier": self.min_tier,
            "findingsSha256": self.findings_sha256.hex(),
            "auditLog": log_json(self.audit_log),
            "decidedBy": self.decided_by,
        }


def policy_uri(scope: ScopeRef) -> str:
    """How the verifier's policy list names a scope."""
    return f"placet:scope/{scope.name}@{scope.version}"


def subject_of(program_sha256: bytes) -> dict[str, object]:
    """How a statement names its program."""
    return {"name": SUBJECT_NAME, "digest": {"sha256": program_sha256.hex()}}


def scope_json(scope: ScopeRef) -> dict[str, object]:
    """A scope's members."""
    return {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()}


def inputs_json(inputs: Sequence[InputDigest]) -> list[dict[str, object]]:
    """The inputs' members, in their order."""
    return [{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in inputs]


def log_json(log: LogRef) -> dict[str, object]:
    """The members that name a record."""
    return {"origin": log.origin, "index": log.index, "leafHash": log.leaf_hash.hex()}


def read_subject(subjects: tuple[Members, ...]) -> bytes:
    """The digest of the one program that a statement is about. Raises APPROVAL_MALFORMED."""
    if len(subjects) != 1:
        raise malformed("subject: exactly one program")
    (subject,) = subjects
    subject.constant("name", SUBJECT_NAME)
    digest = _read_digest_object(subject)
    subject.done()
    return digest


def _read_digest_object(members: Members) -> bytes:
    digests = members.member("digest")
    digest = digests.digest("sha256")
    digests.done()
    return digest


def _read_predicate(found: Members, program_sha256: bytes) -> Approval:
    scope = read_scope(found.member("scope"))
    verifier_id, verifier_version = _read_verifier(found.member("verifier"), scope)
    approval = Approval(
        approval_id=found.match("approvalId", reading.APPROVAL_ID),
        issued_at=found.time("issuedAt"),
        expires_at=found.time("expiresAt"),
        program_sha256=program_sha256,
        scope=scope,
        request_id=found.match("requestId", reading.REQUEST_ID),
        audience=found.texts("audience", 64),
        inputs=read_inputs(found.members("inputs", MAX_INPUTS)),
        grants=found.texts("grants", 1000),
        limits=_read_limits(found.member("limits")),
        min_tier=found.one_of("minTier", TIERS),
        findings_sha256=found.digest("findingsSha256"),
        audit_log=read_log(found.member("auditLog")),
        decided_by=found.match("decidedBy", reading.DECIDED_BY),
        verifier_id=verifier_id,
        verifier_version=verifier_version,
    )
    found.done()
    if approval.expires_at <= approval.issued_at:
        raise malformed("expiresAt: not later than issuedAt")
    if not approval.audience:
        raise malformed("audience: names no pool")
    return approval


def read_scope(found: Members) -> ScopeRef:
    """Raises APPROVAL_MALFORMED."""
    scope = ScopeRef(found.text("name"), found.number("version", 1), found.digest("sha256"))
    found.done()
    return scope


def _read_verifier(found: Members, scope: ScopeRef) -> tuple[str, str]:
    policies = found.members("policies", 1)
    if len(policies) != 1:
        raise malformed("verifier.policies: exactly the scope")
    policies[0].constant("uri", policy_uri(scope))
    if _read_digest_object(policies[0]) != scope.sha256:
        raise malformed("verifier.policies: another digest than the scope's")
    policies[0].done()
    verifier = found.text("id"), found.text("version")
    found.done()
    return verifier


def read_inputs(entries: tuple[Members, ...]) -> tuple[InputDigest, ...]:
    """Bare names that differ. Raises APPROVAL_MALFORMED."""
    inputs = []
    for entry in entries:
        name = entry.text("name")
        reading.check_input_name(name)
        inputs.append(InputDigest(name, entry.digest("sha256"), entry.number("size", 0)))
        entry.done()
    if len({entry.name for entry in inputs}) != len(inputs):
        raise malformed("inputs: a name stands twice")
    return tuple(inputs)


def _read_limits(found: Members) -> Limits:
    limits = Limits(*(found.number(name, 1) for name in _LIMITS))
    found.done()
    return limits


def read_log(found: Members) -> LogRef:
    """Raises APPROVAL_MALFORMED."""
    log = LogRef(found.text("origin"), found.number("index", 0), found.digest("leafHash"))
    found.done()
    return log

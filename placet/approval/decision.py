"""What one person decided about one program: an in-toto Statement v1 (docs/approval-format.md §5).

Knows the statement's members and form, and whose signature it needs. Must not know whether it still holds,
how many of them a scope asks for, nor where it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from placet.approval import envelope, reading, statement
from placet.approval.errors import ApprovalRefused, malformed
from placet.approval.keys import KeySet, SigningKey
from placet.approval.reading import Members
from placet.approval.statement import InputDigest, LogRef, ScopeRef
from placet.approval.strict_json import read_object

PREDICATE_TYPE: Final = "https://placet.dev/attestation/review/v1"
VERDICTS: Final = ("ALLOWED", "DENIED")
MAX_REASON_CHARS: Final = 2000
MAX_QUORUM: Final = 5


@dataclass(frozen=True)
class Decision:
    """One person's decision. Times are aware datetimes in UTC; digests are 32 bytes."""

    verdict: str
    """ALLOWED or DENIED."""
    decided_by: str
    """`human:NAME`; whose key signed it says `open_decision`."""
    decided_at: datetime
    reason: str
    program_sha256: bytes
    scope: ScopeRef
    inputs: tuple[InputDigest, ...]
    quorum: int
    """How many people must allow the program, as this person was shown it: 1 to 5."""
    request_id: str
    reviewed: LogRef | None = None
    """The `verdict_reached` record that asked for people; None when none did (`placet approve`)."""
    review_token: bytes | None = None
    """Digest of all that the review page showed; None when there was no page."""

    def to_bytes(self) -> bytes:
        """The statement's bytes, which are then signed and kept.

        Raises:
            ValueError: a value breaks the format.
        """
        payload = json.dumps(
            self._object(), separators=(",", ":"), sort_keys=True, ensure_ascii=False
        ).encode()
        try:
            same = Decision.from_bytes(payload)
        except ApprovalRefused as error:
            raise ValueError(f"not a valid decision: {error}") from error
        if same != self:
            raise ValueError("not a valid decision: it does not read back as it was (are all times in UTC?)")
        return payload

    @classmethod
    def from_bytes(cls, payload: bytes) -> Decision:
        """Read a statement. Its signature is the caller's business. Raises APPROVAL_MALFORMED."""
        found = Members(read_object(payload), "decision")
        found.constant("_type", statement.STATEMENT_TYPE)
        found.constant("predicateType", PREDICATE_TYPE)
        program_sha256 = statement.read_subject(found.members("subject", 1))
        predicate = found.member("predicate")
        found.done()
        return _read_predicate(predicate, program_sha256)

    @property
    def reviewer(self) -> str:
        """The NAME of `human:NAME`."""
        return self.decided_by.removeprefix("human:")

    def _object(self) -> dict[str, object]:
        return {
            "_type": statement.STATEMENT_TYPE,
            "subject": [statement.subject_of(self.program_sha256)],
            "predicateType": PREDICATE_TYPE,
            "predicate": self._predicate(),
        }

    def _predicate(self) -> dict[str, object]:
        found: dict[str, object] = {
            "verdict": self.verdict,
            "decidedBy": self.decided_by,
            "decidedAt": reading.write_time(self.decided_at),
            "reason": self.reason,
            "scope": statement.scope_json(self.scope),
            "inputs": statement.inputs_json(self.inputs),
            "quorum": self.quorum,
            "requestId": self.request_id,
        }
        if self.reviewed is not None:
            found["reviewed"] = statement.log_json(self.reviewed)
        if self.review_token is not None:
            found["reviewToken"] = self.review_token.hex()
        return found


@dataclass(frozen=True)
class SignedDecision:
    """A decision whose signature was found good. Only `open_decision` makes one."""

    decision: Decision
    key_id: str
    """Of the trusted, unrevoked key of the person whom the decision names."""


def sign_decision(decision: Decision, key: SigningKey) -> bytes:
    """The JSON of an envelope around the decision. Raises ValueError when it breaks the format."""
    return envelope.sign(decision.to_bytes(), key)


def open_decision(signed: bytes, keys: KeySet) -> SignedDecision:
    """What an untrusted envelope says, once its form, its signature and its signer are found good.

    Raises:
        ApprovalRefused: the reasons of docs/approval-format.md §4.1 to §4.3, or APPROVAL_SIGNER_WRONG when
            the key that signed is not one of the person whom the decision names.
    """
    envelope.check_size(signed)
    parsed = envelope.parse(signed)
    envelope.check_type(parsed)
    key_id = envelope.verify(parsed, keys)
    decision = Decision.from_bytes(parsed.payload)
    if keys.person_of(key_id) != decision.reviewer:
        raise ApprovalRefused(
            "APPROVAL_SIGNER_WRONG",
            f"the decision is {decision.decided_by}'s, and no key of theirs signed it; the operator keeps "
            f"that person's public key as reviewer-{decision.reviewer}.pub.pem",
        )
    return SignedDecision(decision, key_id)


def same_inputs(one: Sequence[InputDigest], other: Sequence[InputDigest]) -> bool:
    """Whether two lists name the same files; their order says nothing."""
    return sorted(one, key=lambda each: each.name) == sorted(other, key=lambda each: each.name)


def _read_predicate(found: Members, program_sha256: bytes) -> Decision:
    quorum = found.number("quorum", 1)
    decision = Decision(
        verdict=found.one_of("verdict", VERDICTS),
        decided_by=found.match("decidedBy", reading.HUMAN),
        decided_at=found.time("decidedAt"),
        reason=found.text("reason", MAX_REASON_CHARS),
        program_sha256=program_sha256,
        scope=statement.read_scope(found.member("scope")),
        inputs=statement.read_inputs(found.members("inputs", statement.MAX_INPUTS)),
        quorum=quorum,
        request_id=found.match("requestId", reading.REQUEST_ID),
        reviewed=statement.read_log(found.member("reviewed")) if found.has("reviewed") else None,
        review_token=found.digest("reviewToken") if found.has("reviewToken") else None,
    )
    found.done()
    if quorum > MAX_QUORUM:
        raise malformed(f"quorum: at most {MAX_QUORUM}")
    if not decision.reason.strip() or "\0" in decision.reason:
        raise malformed("reason: says nothing, or holds a NUL")
    return decision

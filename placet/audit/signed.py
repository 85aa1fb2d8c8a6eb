"""What people signed is what the records say of it (docs/audit-format.md §6.23 to §6.25).

Knows the statements of docs/approval-format.md. Must not know which verdict may follow which: chain.py does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from placet.approval import ApprovalRefused, KeySet
from placet.approval.decision import Decision, open_decision
from placet.approval.envelope import first_line, parse, verify
from placet.audit.placed import ChainBroken
from placet.audit.record import Record
from placet.audit.row_checks import Bodies
from placet.audit.rows import Row

MAX_RECORDED_REASON: Final = 256
"""Characters of a reason that `review_given` holds; the decision holds all of it."""
_FORGED: Final = "Whoever kept the record put words into a person's mouth."


@dataclass(frozen=True)
class _Issued:
    """What is kept of a person's approval_issued."""

    statement_sha256: object
    key_id: object
    person: str


class Signed:
    """Decisions and approvals of people, as far as they are kept."""

    def __init__(self, bodies: Bodies, reviewers: KeySet | None = None) -> None:
        """`bodies` has taken each row before this does. Without `reviewers` no signature is looked at.

        A key that was revoked since signed what it signed: here it still counts.
        """
        self._bodies = bodies
        self._reviewers = reviewers and KeySet(reviewers.trusted, frozenset(), reviewers.people)
        self._issued: dict[int, _Issued] = {}
        self.signatures = 0
        """Signatures of people that were checked and hold."""

    def take(self, index: int, _: Row, record: Record) -> None:
        """Raises ChainBroken."""
        if record.kind == "approval_issued":
            self._keep(index, record.body)
        elif record.kind == "review_given" and (kept := self._bodies.last("decision")):
            self._decision(record, kept)
        elif record.kind == "approval_signed" and (kept := self._bodies.last("approval")):
            self._approval(record.body, kept)

    def end(self) -> None:
        """Nothing is left over."""

    def _keep(self, index: int, body: Mapping[str, object]) -> None:
        kind, _, person = str(body["decided_by"]).partition(":")
        if kind == "human":
            self._issued[index] = _Issued(body["statement_sha256"], body["key_id"], person)

    def _decision(self, record: Record, kept: bytes) -> None:
        try:
            decision = Decision.from_bytes(parse(kept).payload)
            if wrong := differences(decision, record):
                raise ChainBroken(f"its decision says another {', '.join(wrong)} than the record", _FORGED)
            if self._reviewers:
                open_decision(kept, self._reviewers)
                self.signatures += 1
        except ApprovalRefused as error:
            raise ChainBroken(f"its decision does not hold: {error.message}", _FORGED) from error

    def _approval(self, body: Mapping[str, object], kept: bytes) -> None:
        index = body["issued_index"]
        issued = self._issued.get(index) if isinstance(index, int) else None
        if issued is None:
            return  # chain.py names it
        try:
            envelope = parse(first_line(kept))
            if hashlib.sha256(envelope.payload).hexdigest() != issued.statement_sha256:
                raise ChainBroken(f"its approval is not the statement of record {index}", _FORGED)
            if self._reviewers:
                self._by_its_person(verify(envelope, self._reviewers), issued)
        except ApprovalRefused as error:
            raise ChainBroken(f"its approval does not hold: {error.message}", _FORGED) from error

    def _by_its_person(self, key_id: str, issued: _Issued) -> None:
        if self._reviewers and (key_id, self._reviewers.person_of(key_id)) != (issued.key_id, issued.person):
            raise ChainBroken(f"its approval is signed by another key than {issued.person}'s", _FORGED)
        self.signatures += 1


def differences(decision: Decision, record: Record) -> list[str]:
    """What a decision says otherwise than its `review_given`; empty when they fit."""
    body, scope, reviewed = record.body, decision.scope, decision.reviewed
    token = decision.review_token.hex() if decision.review_token else None
    named = body["scope"]
    pairs = {
        "verdict": decision.verdict == body["verdict"],
        "program": decision.program_sha256.hex() == body["program_sha256"],
        "scope": isinstance(named, Mapping)
        and (scope.name, scope.sha256.hex()) == (named.get("name"), named.get("sha256")),
        "person": decision.decided_by == body["decided_by"],
        "reason": decision.reason[:MAX_RECORDED_REASON] == body["reason"],
        "request": decision.request_id == record.request_id,
        "item": (reviewed.index if reviewed else None) == body.get("verdict_index")
        and (reviewed is None or reviewed.origin == record.log),
        "review token": token == body.get("review_token"),
    }
    return [name for name, same in pairs.items() if not same]

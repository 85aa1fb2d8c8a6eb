"""Whether enough people decided: step 4.11 of docs/approval-format.md.

Knows decisions and whose key is whose. Must not know where keys and scopes lie. A decision is untrusted until
`open_decision` has returned, and counts only for exactly what is about to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from placet.approval import Approval, ApprovalRefused, KeySet
from placet.approval.decision import Decision, SignedDecision, open_decision, same_inputs

MAX_DECISION_AGE: Final = timedelta(days=7)
"""Before the approval was issued: an old yes is not a yes to today's run."""
MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
"""How much a decision's clock may be ahead of the approval's."""


@dataclass(frozen=True)
class Quorum:
    """How many people a scope wants. 1 to 5."""

    least: int
    strictest: int
    """For a program of which no guard has said how grave its findings are."""


UNKNOWN: Final = Quorum(5, 5)
"""Of a scope that this executor cannot read: as many as any scope may want."""


def check_signer(approval: Approval, key_id: str, keys: KeySet) -> None:
    """A person's key signs what that person decided, and nothing else. Raises APPROVAL_SIGNER_WRONG."""
    person = keys.person_of(key_id)
    if person and approval.decided_by != f"human:{person}":
        raise ApprovalRefused(
            "APPROVAL_SIGNER_WRONG",
            f"the approval says {approval.decided_by} decided, and {person}'s key signed it; only they may",
        )


def check_decisions(approval: Approval, lines: tuple[bytes, ...], keys: KeySet, quorum: Quorum) -> None:
    """As many different people as the scope wants allowed exactly this, each with their own signature.

    Raises:
        ApprovalRefused: APPROVAL_DECISION_UNFIT for a decision on something else or that is too old, the
            reasons of `open_decision`, APPROVAL_QUORUM_MISSING for too few.
    """
    decisions = [open_decision(line, keys) for line in lines]
    for each in decisions:
        _check_fits(each.decision, approval)
    people = {each.decision.decided_by for each in decisions}
    needed = _needed(decisions, quorum)
    if needed > 1 and approval.decided_by not in people:
        raise _missing(f"the decision of {approval.decided_by}, who approved, is not among them")
    if needed > max(1, len(people)):
        raise _missing(f"{len(people)} of {needed} people have allowed this program")


def check_none(lines: tuple[bytes, ...]) -> None:
    """A guard's own approval rests on nobody's decision. Raises APPROVAL_DECISION_UNFIT."""
    if lines:
        raise ApprovalRefused(
            "APPROVAL_DECISION_UNFIT",
            "decisions of people came with an approval that no person decided; send the approval alone",
        )


def _needed(decisions: list[SignedDecision], quorum: Quorum) -> int:
    """What the scope wants, and what those who decided were told."""
    if not decisions:
        return quorum.strictest
    told = (each.decision.quorum if each.decision.reviewed else quorum.strictest for each in decisions)
    return max(quorum.least, *told)


def _check_fits(decision: Decision, approval: Approval) -> None:
    age = approval.issued_at - decision.decided_at
    other_request = decision.request_id != approval.request_id
    problems = (
        ("it is no ALLOWED", decision.verdict != "ALLOWED"),
        ("it is on another program", decision.program_sha256 != approval.program_sha256),
        ("it is in another scope", decision.scope.sha256 != approval.scope.sha256),
        ("it was made in another request", bool(decision.reviewed) and other_request),
        ("it is for other inputs", not same_inputs(decision.inputs, approval.inputs)),
        (f"it is more than {MAX_DECISION_AGE.days} days older than the approval", age > MAX_DECISION_AGE),
        ("it was made after the approval", age < -MAX_CLOCK_SKEW),
    )
    for problem, holds in problems:
        if holds:
            raise ApprovalRefused(
                "APPROVAL_DECISION_UNFIT",
                f"the decision of {decision.decided_by} does not count: {problem}; they decide again",
            )


def _missing(message: str) -> ApprovalRefused:
    return ApprovalRefused("APPROVAL_QUORUM_MISSING", f"{message}; each decides in the console")

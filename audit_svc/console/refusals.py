"""Why a person may not do something with an item of the queue. Pure: knows items and people, no log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from audit_svc.console.case import Case
from audit_svc.console.people import Person


class Refused(Exception):  # noqa: N818 - named for the answer
    """Nothing was recorded.

    Attributes:
        reason: UPPER_SNAKE_CASE, stable, for programs.
        changes: what is different from what the person was shown, as sentences.
    """

    def __init__(self, reason: str, message: str, changes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.changes = tuple(changes)


def check_may_decide(person: Person, case: Case, now: datetime) -> None:
    """Raises Refused: DECIDED_ALREADY, OWN_REQUEST, VOTED_ALREADY, CLAIMED."""
    if first := case.settled or case.deciding:
        raise Refused(
            "DECIDED_ALREADY", f"{first.name} decided first: {first.verdict}. Yours was not recorded."
        )
    if case.requester == person.name:
        raise Refused("OWN_REQUEST", "You asked for this program yourself. Somebody else must decide.")
    if case.vote_of(person.name):
        raise Refused("VOTED_ALREADY", "You have decided already. Others must decide as well.")
    claim = case.claim_at(now)
    if claim and claim.name != person.name:
        raise Refused(
            "CLAIMED", f"{claim.name} is looking at this until {claim.until:%H:%M} UTC. Wait, or ask them."
        )


def check_may_sign(person: Person, case: Case) -> None:
    """Raises Refused: NOT_ALLOWED_YET, SIGNED_ALREADY, NOT_YOURS_TO_SIGN."""
    settled = case.settled
    if settled is None or settled.verdict != "ALLOWED":
        raise Refused("NOT_ALLOWED_YET", "It has not been allowed, so there is nothing to sign.")
    if not case.signer:
        raise Refused("SIGNED_ALREADY", "The approval has been signed already, here or by `placet approve`.")
    if case.signer != person.name:
        raise Refused("NOT_YOURS_TO_SIGN", f"{case.signer} decided last and signs the approval.")

"""Deciding: a person's signed decision goes on record, then what follows from it; nothing is signed here.

Knows the order of docs/audit-format.md §16: decision, verdict, statement, signature, each durable before the
next. Must not know pages, and holds no key. The log's order says whose decision counts, so several consoles
may work beside each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from audit_svc.console import bodies, drafts
from audit_svc.console.case import DECISION, SIGNED_WITHIN, Case, Issued
from audit_svc.console.cases import Cases
from audit_svc.console.claims import TAKEN, utc_now
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.proposal import Proposal, ProposalUnfit
from audit_svc.console.refusals import Refused, check_may_decide, check_may_sign
from audit_svc.console.reviewers import Reviewers
from audit_svc.console.scopes import Scopes
from audit_svc.console.shown import changes, shown, token_of
from audit_svc.draft import Draft
from placet.approval import envelope
from placet.approval.decision import Decision
from placet.rpc.errors import ServiceError

MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
STILL_GOOD_FOR: Final = timedelta(seconds=30)
"""A statement that expires sooner is not handed out again."""


@dataclass(frozen=True)
class Progress:
    """Where an item stands after a decision."""

    verdict: str
    """ALLOWED, DENIED, or empty while others must decide as well."""
    allowing: int
    needed: int


class Decisions:
    """What people do about items. Every method raises Refused and ServiceError; then nothing was recorded."""

    def __init__(
        self, log: Log, scopes: Scopes, reviewers: Reviewers, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._log, self._scopes, self._reviewers, self._now = log, scopes, reviewers, now
        self._cases = Cases(log)
        self._one: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def case(self, index: int) -> Case:
        """An item as it stands, with the verdict on record that its votes lead to."""
        case = await self._cases.get(index)
        if not case.is_complete_at(self._now()):
            return case
        # After a stop between a vote and its verdict whoever comes next writes the same one.
        with suppress(Refused):  # somebody closed it meanwhile
            await self._append(drafts.verdict(case))
        return await self._cases.get(index)

    async def proposal(self, case: Case) -> Proposal:
        """What an approval of the item would grant. Raises Refused PROPOSAL_UNFIT."""
        kept = await bodies.read(self._log, case.entry, ("proposal",))
        try:
            return Proposal.read(kept.get("proposal", b""))
        except ProposalUnfit as error:
            raise Refused("PROPOSAL_UNFIT", f"It cannot be decided here: {error}.") from error

    async def decide(self, person: Person, index: int, signed: bytes, seen: str) -> Progress:
        """Record a person's signed decision and the verdict, if it decides.

        `seen` is the text that the review token is the digest of, as the browser had it: it serves to say
        what has changed, and nothing else.
        """
        decision = self._reviewers.decision(signed)
        async with self._lock(index):
            case = await self.case(index)
            check_may_decide(person, case, self._now())
            await self._check_fits(person, case, decision, seen)
            await self._append(drafts.vote(case, decision, signed))
            case = await self.case(index)
        return _progress(person, case)

    async def _check_fits(self, person: Person, case: Case, decision: Decision, seen: str) -> None:
        """Raises Refused unless the decision is about what this person would be shown now."""
        proposal = await self.proposal(case)
        what = shown(case, proposal, self._scopes.named(drafts.scope_ref(case).name))
        if decision.review_token != token_of(what):
            differences = changes(seen, what) or ["the review token is not that of this page"]
            raise Refused("REVIEW_CHANGED", "This is no longer what you were shown.", differences)
        fitting = Decision(
            verdict=decision.verdict,
            decided_by=person.decided_by,
            decided_at=decision.decided_at,
            reason=decision.reason,
            program_sha256=bytes.fromhex(str(case.record.body["program_sha256"])),
            scope=drafts.scope_ref(case),
            inputs=proposal.inputs,
            quorum=case.needed,
            request_id=case.record.request_id,
            reviewed=drafts.reviewed(case),
            review_token=decision.review_token,
        )
        if decision != fitting:
            raise Refused(
                "DECISION_UNFIT", "The decision says something else than this page, or another name."
            )
        if abs(self._now() - decision.decided_at) > MAX_CLOCK_SKEW:
            raise Refused("DECISION_OLD", "The decision is of another time. Load the page again.")

    async def statement(self, person: Person, index: int, key_id: str) -> bytes:
        """The bytes of the approval that this person is to sign with that key; first put on record."""
        async with self._lock(index):
            case = await self.case(index)
            check_may_sign(person, case)
            self._reviewers.check(person.name, key_id)
            if waiting := self._unsigned(case, key_id):
                kept = await bodies.read(self._log, waiting.entry, ("statement",))
                if "statement" in kept:
                    return kept["statement"]
            return await self._issue(case, key_id)

    def _unsigned(self, case: Case, key_id: str) -> Issued | None:
        soon = self._now() + STILL_GOOD_FOR
        found = (each for each in case.issued if each.key_id == key_id and each.expires_at > soon)
        return next(found, None)

    async def _issue(self, case: Case, key_id: str) -> bytes:
        settled, now = case.settled, self._now()
        assert settled is not None  # check_may_sign saw it
        if now > datetime.fromisoformat(settled.time) + SIGNED_WITHIN:
            raise Refused(
                "TOO_LATE", "It was decided too long ago. Ask for the program to be reviewed again."
            )
        approval = drafts.statement(case, settled, await self.proposal(case), now)
        payload = approval.to_bytes()
        await self._append(drafts.issued(case, approval, payload, key_id))
        return payload

    async def sign(self, person: Person, index: int, signed: bytes) -> bytes:
        """Record the signature of a statement that was handed out: the approval file, as it is given."""
        payload, key_id = self._reviewers.signed(person.name, signed)
        async with self._lock(index):
            case = await self.case(index)
            check_may_sign(person, case)
            issued = await self._issued_as(case, key_id, payload)
            if self._now() >= issued.expires_at:
                raise Refused("TOO_LATE", "The approval ran out before it was signed. Sign again.")
            decisions = await self._decisions(case)
            file = envelope.approval_file(signed, *decisions)
            await self._append(drafts.signed(case, issued.entry.index, issued.approval_id, file))
        return file

    async def _issued_as(self, case: Case, key_id: str, payload: bytes) -> Issued:
        for issued in case.issued:
            kept = await bodies.read(self._log, issued.entry, ("statement",))
            if issued.key_id == key_id and kept.get("statement") == payload:
                return issued
        raise Refused("STATEMENT_UNKNOWN", "What was signed is not what the console handed out.")

    async def _decisions(self, case: Case) -> list[bytes]:
        """The envelopes of those whose allowing made the quorum."""
        found = []
        for vote in case.allowing[: case.needed]:
            entry = await self._log.ask(lambda reader, at=vote.index: reader.get(at))  # type: ignore[misc]
            kept = await bodies.read(self._log, entry, (DECISION,)) if entry else {}
            if DECISION not in kept:
                raise Refused("DECISION_ERASED", f"The decision of {vote.name} is no longer kept.")
            found.append(kept[DECISION])
        return found

    async def _append(self, draft: Draft) -> None:
        try:
            await self._log.append(draft)
        except ServiceError as error:
            if error.reason not in TAKEN:
                raise
            raise Refused("DECIDED_ALREADY", "Somebody else was faster. Load the page again.") from error

    def _lock(self, index: int) -> asyncio.Lock:
        return self._one.setdefault(index, asyncio.Lock())


def _progress(person: Person, case: Case) -> Progress:
    """Raises Refused when one of `placet approve` came first, in the same moment; then ours has no effect."""
    mine, deciding = case.vote_of(person.name), case.deciding
    if deciding and (mine is None or mine.index > deciding.index):
        raise Refused("DECIDED_ALREADY", f"{deciding.name} decided first: {deciding.verdict}.")
    return Progress(case.settled.verdict if case.settled else "", len(case.allowing), case.needed)

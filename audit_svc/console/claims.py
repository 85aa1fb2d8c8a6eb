"""Claims: who is looking at an item, so that two people need not read the same program.

Knows claims and their records. Must not know pages or decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from audit_svc.access import Role
from audit_svc.console.case import Case
from audit_svc.console.cases import Cases
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.refusals import Refused, check_may_decide
from audit_svc.draft import Draft
from placet.approval.reading import write_time
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri

HELD_FOR: Final = timedelta(minutes=15)
TAKEN: Final = frozenset({"IDEMPOTENCY_CONFLICT", "REVIEW_DECIDED"})
"""The log's reasons for "somebody else was first"."""


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


class Claims:
    """Each claim or release of an item has a number of its own, so that of two at once the log takes one."""

    def __init__(self, log: Log, cases: Cases, *, now: Callable[[], datetime] = utc_now) -> None:
        self._log, self._cases, self._now = log, cases, now

    async def claim(self, person: Person, index: int) -> None:
        """Claim an item for 15 minutes, or claim it for longer. Raises Refused, ServiceError."""
        now = self._now()
        case = await self._cases.get(index)
        check_may_decide(person, case, now)
        until = write_time(now + HELD_FOR)
        program = case.record.body["program_sha256"]
        await self._record("review_claimed", person, case, {"program_sha256": program, "until": until})

    async def release(self, person: Person, index: int) -> None:
        """Let others decide about an item; an admin may end anybody's claim. Raises Refused, ServiceError."""
        case = await self._cases.get(index)
        claim = case.claim_at(self._now())
        if claim is None:
            return
        if claim.name != person.name and not person.may(Role.ADMIN):
            raise Refused("CLAIMED", f"This is {claim.name}'s claim; they or an admin can end it.")
        await self._record("review_released", person, case, {})

    async def _record(self, kind: str, person: Person, case: Case, more: dict[str, object]) -> None:
        body = {"verdict_index": case.index, "decided_by": person.decided_by, **more}
        key = f"claim/{case.index}/{case.moves}"
        draft = Draft(kind, case.record.request_id, service_uri("console"), body, {}, key)
        try:
            await self._log.append(draft)
        except ServiceError as error:
            if error.reason not in TAKEN:
                raise
            raise Refused("CLAIMED", "Somebody else was faster. Load the page again.") from error

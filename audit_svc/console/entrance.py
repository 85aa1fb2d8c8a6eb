"""Lets people in and out, and puts both on record first; refuses whoever has no role, and slows who guesses.

Knows names, roles, links, sessions and the records of entering. Must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NoReturn

from audit_svc.access import Access, Role
from audit_svc.console.limits import Limiter, Lockout
from audit_svc.console.links import Links
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.sessions import Sessions
from audit_svc.draft import Draft
from placet.rpc import metrics
from placet.rpc.identity import parse_uri, reviewer_uri, service_uri

UNKNOWN: Final = "unknown"
"""Who failed, when nothing that was shown says it."""
RECORDED_AT_ONCE: Final = 60
RECORDED_PER_S: Final = 0.1
_EVERYBODY: Final = "failures"


class NotAdmitted(Exception):  # noqa: N818 - named for the answer
    """Nobody is logged in by this; the message says what to do."""


class LockedOut(NotAdmitted):
    """This peer failed too often. `wait_s`: seconds until it is listened to again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many failed attempts from your address; try again in {wait_s / 60:.0f} min")
        self.wait_s = wait_s


@dataclass
class Entrance:
    """What it records is in the log before anybody is in. The log's ServiceErrors pass through."""

    log: Log
    roles: Access
    sessions: Sessions
    links: Links = field(default_factory=Links)
    lockout: Lockout = field(default_factory=Lockout)
    recorded: Limiter = field(default_factory=lambda: Limiter(RECORDED_PER_S, RECORDED_AT_ONCE))
    """Failures beyond it are counted in the next record: nobody may fill the log from outside."""
    _untold: int = 0

    def person(self, name: str, granted: Role | None = None) -> Person | None:
        """The person of that name with the role they have; None: no role, or a name that is none.

        `granted`: the role that they have in any case.
        """
        try:
            named = self.roles.role_of(parse_uri(reviewer_uri(name)))
        except ValueError:
            return None
        role = max(filter(None, (named, granted)), default=None)
        return Person(name, role) if role else None

    def holder(self, secret: str, peer: str) -> str | None:
        """Whose link it is, unused. Raises LockedOut."""
        self._listen(peer)
        return self.links.holder(secret)

    async def by_link(self, secret: str, peer: str) -> str:
        """The secret of a new session. Raises NotAdmitted."""
        self._listen(peer)
        name = self.links.redeem(secret)
        if name is None:
            await self.refuse_link(peer)
        return await self.enter(name, "link", peer)

    async def enter(self, name: str, how: str, peer: str, granted: Role | None = None) -> str:
        """The secret of a new session for somebody who has proven to be `name`. Raises NotAdmitted."""
        self._listen(peer)
        person = self.person(name, granted)
        if person is None:
            await self.refuse(_uri(name), how, f"{name[:64]!r} has no role here", peer)
        await self._record(person.uri, how, "entered", role=person.role.name.lower())
        metrics.ENTRIES.labels(how, "entered").inc()
        return self.sessions.begin(person)

    async def leave(self, person: Person, secret: str) -> None:
        """End a session: it is over even if the log does not answer."""
        self.sessions.end(secret)
        await self._record(person.uri, "session", "left")

    async def turn_out(self, admin: Person, name: str, own: str) -> int:
        """End a person's sessions, `own` excepted, the secret of the admin's; how many. They are over even
        if the log does not answer.
        """
        ended = self.sessions.end_of(name, but=own)
        if ended:
            body = {"decided_by": admin.decided_by, "sessions": ended}
            await self._record(reviewer_uri(name), "session", "ended", **body)
        return ended

    async def refuse_link(self, peer: str) -> NoReturn:
        """Raise NotAdmitted for a link that is none."""
        await self.refuse(UNKNOWN, "link", "the link was used already, is too old, or never was one", peer)

    async def refuse(self, who: str, how: str, why: str, peer: str) -> NoReturn:
        """Put a failure on record and raise NotAdmitted, always."""
        outcome = "locked_out" if self.lockout.failed(peer) else "refused"
        metrics.ENTRIES.labels(how, outcome).inc()
        if self.recorded.take(_EVERYBODY):
            self._untold += 1
        else:
            untold, self._untold = self._untold, 0
            await self._record(who, how, outcome, why=why, untold=untold)
        raise NotAdmitted(why)

    def _listen(self, peer: str) -> None:
        if wait_s := self.lockout.remaining_s(peer):
            raise LockedOut(wait_s)

    async def _record(self, who: str, how: str, outcome: str, **more: object) -> None:
        body = {"who": who, "how": how, "outcome": outcome, **more}
        await self.log.append(Draft("console_entered", "", service_uri("console"), body))


def _uri(name: str) -> str:
    """As the log names them; a name that cannot be a reviewer's says nothing about who it was."""
    try:
        return reviewer_uri(name)
    except ValueError:
        return UNKNOWN

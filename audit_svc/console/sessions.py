"""Who is logged in: sessions in this process's memory, each known to one browser by a secret.

Knows secrets and time. Must not know HTTP. A restart logs everybody out, and so does the end of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from audit_svc.console.people import Person

SECRET_BYTES: Final = 32
MAX_OF_ONE_PERSON: Final = 8
"""A person's oldest session ends when another would be one too many."""


@dataclass(eq=False)
class Session:
    """One browser of one person. Times are seconds of the store's clock."""

    person: Person
    began_s: float
    active_s: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES))
    """What a form of this session carries, and another site cannot know."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Present:
    """A person with at least one session."""

    person: Person
    """With the highest role that one of the sessions has."""
    sessions: int
    began_ago_s: float
    """Seconds since the oldest session began."""
    active_ago_s: float
    """Seconds since they last did something in any."""


class Sessions:
    """All sessions. Only the digest of a secret is kept, so that looking one up tells nothing by its time."""

    def __init__(self, *, longest_s: float, idle_s: float, now: Callable[[], float] = time.monotonic) -> None:
        """A session ends `longest_s` seconds after it began, and after `idle_s` without activity."""
        self._longest_s, self._idle_s, self._now = longest_s, idle_s, now
        self._by_digest: dict[bytes, Session] = {}

    def begin(self, person: Person) -> str:
        """A new session; its secret, which nobody else is ever told."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._forget_ended()
        own = [known for known in self._by_digest.items() if known[1].person.name == person.name]
        for digest, _ in own[: max(0, len(own) + 1 - MAX_OF_ONE_PERSON)]:
            self._end(digest)
        now = self._now()
        self._by_digest[_digest(secret)] = Session(person, now, now)
        return secret

    def find(self, secret: str, *, active: bool) -> Session | None:
        """The session that has not ended; `active`: a person did something, so that it is not idle."""
        session = self._by_digest.get(_digest(secret))
        if session is None:
            return None
        if self.remaining_s(session) <= 0:
            self._end(_digest(secret))
            return None
        if active:
            session.active_s = self._now()
        return session

    def end(self, secret: str) -> None:
        """End the session of a secret, if there is one."""
        self._end(_digest(secret))

    def end_of(self, name: str, *, but: str = "") -> int:
        """End a person's sessions, all `but` the one of this secret; how many those were."""
        kept = _digest(but)
        found = [each for each, session in self._by_digest.items() if session.person.name == name]
        ending = [digest for digest in found if digest != kept]
        for digest in ending:
            self._end(digest)
        return len(ending)

    def present(self) -> list[Present]:
        """Who is logged in, by name."""
        self._forget_ended()
        now, found = self._now(), defaultdict[str, list[Session]](list)
        for session in self._by_digest.values():
            found[session.person.name].append(session)
        return [
            Present(
                max((each.person for each in own), key=lambda person: person.role),
                len(own),
                now - min(each.began_s for each in own),
                now - max(each.active_s for each in own),
            )
            for _, own in sorted(found.items())
        ]

    def remaining_s(self, session: Session) -> float:
        """Seconds until it ends, if nothing happens; 0 or less: it has."""
        if session.ended.is_set():
            return 0
        now = self._now()
        return min(session.began_s + self._longest_s, session.active_s + self._idle_s) - now

    async def over(self, session: Session) -> None:
        """Return once the session has ended: what streams to its browser must not outlive it."""
        while (left_s := self.remaining_s(session)) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await session.ended.wait()

    def _end(self, digest: bytes) -> None:
        if session := self._by_digest.pop(digest, None):
            session.ended.set()

    def _forget_ended(self) -> None:
        for digest in [known for known, session in self._by_digest.items() if self.remaining_s(session) <= 0]:
            self._end(digest)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()

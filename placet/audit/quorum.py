"""How many people allowed a program, and how many had to (docs/audit-format.md §6.16).

Knows votes. Must not know how an identity was authenticated, nor what a program does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple


class Ballot(NamedTuple):
    """What a vote is about."""

    program: object
    scope_sha256: str
    item: int | None = None
    """Index of the NEEDS_REVIEW verdict; None when no verdict asked for people."""


class Votes:
    """The votes so far, by what they are about, and the scopes that need more than one."""

    def __init__(self) -> None:
        self._needed: dict[str, int] = {}
        self._newest: defaultdict[Ballot, dict[str, object]] = defaultdict(dict)

    def require(self, scope_sha256: str, quorum: object) -> None:
        """The guard says how many a scope needs. The most that it ever said holds."""
        if isinstance(quorum, int) and quorum > self._needed.get(scope_sha256, 1):
            self._needed[scope_sha256] = quorum

    def give(self, person: str, about: Ballot, verdict: object) -> None:
        """One person votes, or votes again: the newest vote counts.

        A vote on an item is one on its program as well; a vote on a program is none on an item.
        """
        for each in {about, about._replace(item=None)}:
            self._newest[each][person] = verdict

    def needed(self, scope_sha256: str) -> int:
        """How many people must allow a program of this scope, when no verdict has said how many."""
        return self._needed.get(scope_sha256, 1)

    def given(self, approver: str, about: Ballot) -> int:
        """How many allowed it: the approver, and every other whose newest vote says so."""
        votes: Mapping[str, object] = self._newest.get(about, {})
        return 1 + sum(verdict == "ALLOWED" for person, verdict in votes.items() if person != approver)

    def allowing(self, about: Ballot) -> int:
        """How many people's newest vote allows it."""
        votes: Mapping[str, object] = self._newest.get(about, {})
        return sum(verdict == "ALLOWED" for verdict in votes.values())

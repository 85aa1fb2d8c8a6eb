"""How many people allowed a program, and how many had to (docs/audit-format.md §6.16).

Knows votes. Must not know how an identity was authenticated, nor what a program does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping


class Votes:
    """The votes so far, by program and scope, and the scopes that need more than one."""

    def __init__(self) -> None:
        self._needed: dict[str, int] = {}
        self._newest: defaultdict[tuple[object, str], dict[str, object]] = defaultdict(dict)

    def require(self, scope_sha256: str, quorum: object) -> None:
        """The guard says how many a scope needs. The most that it ever said holds."""
        if isinstance(quorum, int) and quorum > self._needed.get(scope_sha256, 1):
            self._needed[scope_sha256] = quorum

    def give(self, actor: str, program: object, scope_sha256: str, verdict: object) -> None:
        """One person votes, or votes again: the newest vote counts."""
        self._newest[program, scope_sha256][actor] = verdict

    def needed(self, scope_sha256: str) -> int:
        """How many people must allow a program of this scope, when people decide."""
        return self._needed.get(scope_sha256, 1)

    def given(self, approver: str, program: object, scope_sha256: str) -> int:
        """How many allowed it: the approver, and every other whose newest vote says so."""
        votes: Mapping[str, object] = self._newest.get((program, scope_sha256), {})
        return 1 + sum(verdict == "ALLOWED" for actor, verdict in votes.items() if actor != approver)

    def allowing(self, program: object, scope_sha256: str) -> int:
        """How many people's newest vote allows it."""
        votes: Mapping[str, object] = self._newest.get((program, scope_sha256), {})
        return sum(verdict == "ALLOWED" for verdict in votes.values())

"""Who sits in front of the console. Knows names and roles; must not know how they logged in."""

from __future__ import annotations

from dataclasses import dataclass

from audit_svc.access import Role
from placet.rpc.identity import reviewer_uri


@dataclass(frozen=True)
class Person:
    """One of the security staff, authenticated."""

    name: str
    role: Role

    @property
    def uri(self) -> str:
        """As the log knows them: `spiffe://placet.local/reviewer/NAME`."""
        return reviewer_uri(self.name)

    @property
    def decided_by(self) -> str:
        """As records name who decided: `human:NAME`."""
        return f"human:{self.name}"

    def may(self, role: Role) -> bool:
        """Whether they have this role or a higher one."""
        return self.role >= role

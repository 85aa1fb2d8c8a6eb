"""Which identity has which role, and the refusal of what a role may not do (docs/audit-format.md §8).

Knows identity patterns. Must not know methods or storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import grpc

from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller


class Role(IntEnum):
    """Each may what those below it may."""

    VIEWER = 1
    REVIEWER = 2
    AUDITOR = 3
    ADMIN = 4


@dataclass(frozen=True)
class Access:
    """Pattern (`caller/siem` or `reviewer/*`) → role."""

    roles: Mapping[str, Role]

    @classmethod
    def parse(cls, text: str) -> Access:
        """Read `PATTERN=ROLE,PATTERN=ROLE`. Raises ValueError with what is wrong; nothing is guessed."""
        roles: dict[str, Role] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            pattern, _, name = item.partition("=")
            kind, _, rest = pattern.partition("/")
            if kind not in ("svc", "caller", "reviewer") or not rest:
                raise ValueError(f"{pattern!r} is not svc/NAME, caller/NAME, reviewer/NAME or one with /*")
            if name.upper() not in Role.__members__:
                raise ValueError(f"{name!r} is no role: {', '.join(role.name.lower() for role in Role)}")
            if pattern in roles:
                raise ValueError(f"{pattern} is named twice")
            roles[pattern] = Role[name.upper()]
        return cls(roles)

    @property
    def patterns(self) -> frozenset[str]:
        """Whoever has any role."""
        return frozenset(self.roles)

    def role_of(self, caller: Caller) -> Role | None:
        """The role of an identity; its own path goes before its kind. None: no role at all."""
        return self.roles.get(caller.path, self.roles.get(f"{caller.kind}/*"))

    def require(self, caller: Caller, role: Role) -> None:
        """Raise PERMISSION_DENIED/ROLE_MISSING unless the caller has this role or a higher one."""
        has = self.role_of(caller)
        if has is None or has < role:
            raise ServiceError(
                grpc.StatusCode.PERMISSION_DENIED,
                "ROLE_MISSING",
                f"This needs the role {role.name.lower()}; {caller.path} has "
                f"{has.name.lower() if has else 'none'}. The log's PLACET_AUDIT_ROLES says who has which.",
            )

"""What a guard is asked: one program to review, or one task to screen."""

import hashlib
from dataclasses import dataclass

from guard_svc.breaker import Who
from placet.actions.catalogue import Catalogue
from placet.approval.statement import InputDigest
from placet.scope import Scope


@dataclass(frozen=True)
class Order:
    """One program to review. Everything but `scope` and `caller` comes from outside; bounds were checked."""

    scope: Scope
    program: bytes
    task: str = ""
    inputs: tuple[InputDigest, ...] = ()
    caller: str = ""
    request_id: str = ""
    audience: str = ""
    verdict_only: bool = False
    plan: bytes = b""
    """The plan of actions that the program is said to come of; empty when none came with it."""
    catalogue: Catalogue | None = None
    """The scope's actions; None in `mode: program`."""
    attempts_of: str = ""
    """The task whose attempts count as one denial; only the generator's word for it is taken."""

    @property
    def who(self) -> Who:
        """Whose denials count together."""
        return Who(self.caller, self.scope.name)

    @property
    def program_sha256(self) -> bytes:
        """32 bytes: the program's name."""
        return hashlib.sha256(self.program).digest()

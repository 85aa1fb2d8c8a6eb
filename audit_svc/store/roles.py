"""Who does what in a PostgreSQL database: names of roles, nothing else."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from typing import Final

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Roles:
    """Raises ValueError for a name that would need quoting."""

    owner: str = "placet_owner"
    """Owns the tables and migrates them; no service connects as it."""
    service: str = "placet_log"
    """The audit service: SELECT and INSERT; erases a body only beside the record that says so."""
    reader: str = "placet_auditor"
    """Reads: the verifier, security staff's own queries."""

    def __post_init__(self) -> None:
        if wrong := [name for name in self.all if not _NAME.fullmatch(name)]:
            raise ValueError(f"not a plain name of a role: {', '.join(wrong)}")
        if len(set(self.all)) < len(self.all):
            raise ValueError("owner, service and reader must be three roles")

    @property
    def all(self) -> tuple[str, ...]:
        """The three names."""
        return astuple(self)

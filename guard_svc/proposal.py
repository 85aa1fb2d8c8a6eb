"""What a person needs in order to allow exactly what the guard would have (docs/audit-format.md §16).

Knows an order and the decision on it. Must not know the log, keys or people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from placet.approval.statement import InputDigest, inputs_json
from placet.audit.record import canonical
from placet.scope import Scope


@dataclass(frozen=True)
class Proposal:
    """What an approval would say, had the guard issued it."""

    scope: Scope
    task: str
    inputs: tuple[InputDigest, ...]
    grants: tuple[str, ...]
    audience: str

    def to_bytes(self) -> bytes:
        """Its JCS JSON."""
        return canonical(
            {
                "audience": [self.audience],
                "grants": list(self.grants),
                "inputs": inputs_json(self.inputs),
                "limits": self.scope.limits.model_dump(),
                "min_tier": self.scope.review.min_tier,
            }
        )

    def fields(self) -> Mapping[str, object]:
        """What the verdict's record says of it."""
        digest = hashlib.sha256(self.to_bytes()).hexdigest()
        return {"inputs": inputs_json(self.inputs), "proposal_sha256": digest}

    def bodies(self) -> Mapping[str, bytes]:
        """What the verdict's record keeps of it."""
        return {
            "scope": self.scope.document,
            "task": self.task.encode(),
            "proposal": self.to_bytes(),
        }

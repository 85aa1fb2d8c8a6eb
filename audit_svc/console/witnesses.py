"""Who must have cosigned the log, and the newest checkpoint that they did, for browsers that check it.

Knows a trust policy (docs/audit-format.md §14). Must not know HTTP. Browsers verify themselves what they are
given.
"""

from __future__ import annotations

from typing import Final

from audit_svc.console.log import Log
from placet.audit.checkpoint import CheckpointRefused, LogVerifier
from placet.audit.trust import parse_policy

LOOKED_AT: Final = 20
"""Newest checkpoints with a cosignature, among which one that the quorum cosigned is looked for."""


class Witnesses:
    """Those of a policy's text; of an empty one nobody."""

    def __init__(self, log: Log, text: str = "") -> None:
        """Raises placet.audit.trust.PolicyRefused for a text that is no policy."""
        self.text = text
        self._log = log
        self._policy = parse_policy(text.encode()) if text else None

    async def newest(self) -> str:
        """The note with its cosignatures; empty without one. Raises ServiceError AUDIT_UNAVAILABLE."""
        if self._policy is None:
            return ""
        key = LogVerifier.from_vkey(await self._log.vkey())
        for _, note in await self._log.ask(lambda reader: reader.cosigned(LOOKED_AT)):
            try:
                self._policy.open(note, [key])
            except CheckpointRefused:  # an older one may do
                continue
            return note
        return ""

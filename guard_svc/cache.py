"""Remembers verdicts, so that the same program in the same circumstances is reviewed once.

Knows keys and decisions. Must not hold failures or approvals: a failure may pass, and an approval is used
once.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from guard_svc.policy import Decision

MAX_ENTRIES: Final = 1024


def cache_key(parts: Sequence[bytes]) -> bytes:
    """A digest of everything a verdict depends on; lengths are included, so parts cannot run together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


class VerdictCache:
    """The most recently used decisions, in this process only."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[bytes, Decision] = OrderedDict()

    def get(self, key: bytes) -> Decision | None:
        """The decision kept under `key`."""
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def put(self, key: bytes, decision: Decision) -> None:
        """Keep a completed decision; one whose reviewer failed is not kept."""
        if decision.reviewer == "failed":
            return
        self._entries[key] = decision
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

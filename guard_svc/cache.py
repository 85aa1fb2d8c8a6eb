"""Remembers verdicts, so that the same program in the same circumstances is reviewed once.

Knows keys, ages and decisions. Must not hold failures or approvals: a failure may pass, and an approval is
used once. What it gives back is marked as remembered.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from guard_svc.policy import Decision

MAX_ENTRIES: Final = 1024
TTL_S: Final = 3600.0


def cache_key(parts: Sequence[bytes]) -> bytes:
    """A digest of everything a verdict depends on; lengths are included, so parts cannot run together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


class VerdictCache:
    """The most recently used decisions, in this process only, each for `ttl_s` seconds; 0 keeps none."""

    def __init__(
        self,
        max_entries: int = MAX_ENTRIES,
        *,
        ttl_s: float = TTL_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_entries = max_entries
        self._ttl_s = ttl_s
        self._now = now
        self._entries: OrderedDict[bytes, tuple[float, Decision]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Decision | None:
        """The decision kept under `key`, marked as cached; None when there is none or it is too old."""
        kept_at, decision = self._entries.get(key, (0.0, None))
        if decision is None:
            return None
        if self._now() - kept_at >= self._ttl_s:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return replace(decision, cached=True)

    def put(self, key: bytes, decision: Decision) -> None:
        """Keep a decision for which everything was looked at; any other is not kept."""
        if not decision.complete:
            return
        self._entries[key] = (self._now(), decision)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

"""How much one peer may ask for, and when one that fails too often must wait.

Knows keys, counts and time. Must not know what is asked for.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

REMEMBERED: Final = 10_000
"""Keys kept at most. One that is forgotten starts anew; the oldest go first."""

Clock = Callable[[], float]


@dataclass
class _Bucket:
    left: float
    at_s: float


class Limiter:
    """A bucket of `burst` requests for each key, which fills by `per_s` requests a second."""

    def __init__(self, per_s: float, burst: int, *, now: Clock = time.monotonic) -> None:
        self._per_s, self._burst, self._now = per_s, burst, now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """Use up one request: 0, or the seconds after which there is one again."""
        now = self._now()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at_s) * self._per_s)
        bucket.at_s = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_s
        bucket.left -= 1
        return 0


class Lockout:
    """Peers that failed to log in `failures` times within `within_s` seconds wait `for_s` seconds."""

    def __init__(
        self,
        *,
        failures: int = 10,
        within_s: float = 300,
        for_s: float = 900,
        now: Clock = time.monotonic,
    ) -> None:
        self._failures, self._within_s, self._for_s, self._now = failures, within_s, for_s, now
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._until: OrderedDict[str, float] = OrderedDict()

    def remaining_s(self, peer: str) -> float:
        """Seconds that this peer must still wait; 0: none."""
        return max(0.0, self._until.get(peer, 0.0) - self._now())

    def failed(self, peer: str) -> bool:
        """Count a failure; whether the peer is locked out by it."""
        now = self._now()
        times = self._failed.setdefault(peer, deque())
        self._failed.move_to_end(peer)
        times.append(now)
        while times[0] <= now - self._within_s:
            times.popleft()
        if len(times) >= self._failures:
            del self._failed[peer]
            self._until[peer] = now + self._for_s
        for known in (self._failed, self._until):
            while len(known) > REMEMBERED:
                known.popitem(last=False)
        return self.remaining_s(peer) > 0


def peer_of(address: str) -> str:
    """What is counted for an address: it, or of IPv6 its network of 64 bits, which is one customer's."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)

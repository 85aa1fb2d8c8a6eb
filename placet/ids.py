"""Fresh names for requests, runs and retries, in the order of time.

An index over them then grows at one end: with random names every record of a large log would touch pages of
its own. Nothing here is secret.
"""

from __future__ import annotations

import secrets
import time


def fresh_id() -> str:
    """32 hex digits: a UUID of version 7 (RFC 9562 §5.7), milliseconds since 1970 and then 74 random bits."""
    moment, random = time.time_ns() // 1_000_000, secrets.randbits(74)
    high = moment << 16 | 7 << 12 | random >> 62
    return f"{high:016x}{2 << 62 | random & (1 << 62) - 1:016x}"

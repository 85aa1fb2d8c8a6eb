"""Links that log somebody in once: made for a reviewer's certificate, used in that reviewer's browser.

Knows secrets and time. Must not know HTTP or gRPC.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LIFETIME_S: Final = 300
MAX_OF_ONE_PERSON: Final = 4
"""Of more unused links the oldest no longer works."""
_SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class _Link:
    name: str
    expires_s: float


class Links:
    """The links that have not been used. Only digests of their secrets are kept."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._by_digest: dict[bytes, _Link] = {}

    def issue(self, name: str) -> str:
        """The secret of a new link for the reviewer of that name; it works once, within `LIFETIME_S`."""
        now = self._now()
        self._by_digest = {key: link for key, link in self._by_digest.items() if link.expires_s > now}
        own = [key for key, link in self._by_digest.items() if link.name == name]
        for key in own[: max(0, len(own) + 1 - MAX_OF_ONE_PERSON)]:
            del self._by_digest[key]
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        self._by_digest[_digest(secret)] = _Link(name, now + LIFETIME_S)
        return secret

    def holder(self, secret: str) -> str | None:
        """Whose link it is; None: no such link, used already, or too old."""
        link = self._by_digest.get(_digest(secret))
        return link.name if link and link.expires_s > self._now() else None

    def redeem(self, secret: str) -> str | None:
        """Whose link it is; from now on it is no link."""
        name = self.holder(secret)
        self._by_digest.pop(_digest(secret), None)
        return name


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()

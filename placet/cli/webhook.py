"""Sends lines to a SIEM's HTTP collector, and says whether it took them, may take them later, or never will.

Knows HTTP. Must not know records.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx2

TIMEOUT_S: Final = 30.0
_LATER: Final = frozenset({408, 425, 429})
"""Refusals that are about the moment, not about what was sent; so are all from 500 on."""
_SHOWN: Final = 200


class NotNow(Exception):  # noqa: N818 - named for what the receiver said
    """The receiver did not take the lines; the same lines may be taken later. They may also have arrived."""


class NotEver(Exception):  # noqa: N818 - named for what the receiver said
    """The receiver refuses these lines, or whoever sends them; sending them again will not help."""


class Webhook:
    """One collector: POST of JSON lines, answered by 2xx once they are safe there."""

    def __init__(self, url: str, *, token: str = "") -> None:
        """`token` goes into `Authorization: Bearer`. Raises ValueError unless the address is fit for records.

        Records name callers and what they did: they leave this machine over TLS or not at all.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the collector's address must begin with https://")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ValueError("over http:// records go to this machine only; use https://")
        if parts.username or parts.password:
            raise ValueError("the collector's address holds a password; put a token in a file")
        headers = {"content-type": "application/x-ndjson", "user-agent": "placet"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        self._url = url
        self._http = httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_S, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, lines: Sequence[bytes]) -> None:
        """Deliver lines, each with its line break. Raises NotNow or NotEver; otherwise they have arrived."""
        try:
            answer = await self._http.post(self._url, content=b"".join(lines))
        except httpx2.HTTPError as error:
            raise NotNow(f"the collector cannot be reached: {type(error).__name__}: {error}") from error
        if answer.is_success:
            return
        said = f"the collector answered {answer.status_code}: {answer.text[:_SHOWN]}"
        if answer.status_code in _LATER or answer.status_code >= 500:
            raise NotNow(said)
        raise NotEver(said)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

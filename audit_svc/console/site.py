"""Where browsers find the console, and what follows from it: its one origin and its cookie.

Knows URLs. Must not know requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Site:
    """`origin`: scheme, host and port as browsers write them, such as `https://console.example.com`."""

    origin: str

    @classmethod
    def of(cls, url: str) -> Site:
        """The site of a URL without a path. Raises ValueError with what is wrong."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http:// or https:// address")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ValueError(f"{url!r}: the console has a host of its own; give scheme, host and port only")
        default = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = "" if parts.port in (None, default) else f":{parts.port}"
        return cls(f"{parts.scheme}://{host}{port}")

    @property
    def host(self) -> str:
        """What a browser's Host header says."""
        return urlsplit(self.origin).netloc

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name. Cookies of one host are shared by all its ports, hence the port."""
        return "__Host-placet" if self.secure else f"placet-{urlsplit(self.origin).port or 80}"

    def cookie_for(self, purpose: str) -> str:
        """The name of a cookie beside it that some pages alone get."""
        return f"{self.cookie.removeprefix('__Host-')}-{purpose}"

"""Where a text points: to an input, an output, below the working directory, outside, or into the network.

Knows paths, addresses and scopes. Must not know syntax.
"""

import re
from enum import Enum, auto
from typing import Final
from urllib.parse import urlsplit

from guard_svc.rules.fold import UNKNOWN
from placet.scope import Scope

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://|\\\\)|(?:file|jar|data|mailto):|//[A-Za-z0-9]")
_DRIVE: Final = re.compile(r"[A-Za-z]:(?:[\\/]|$)|\\\\|\\")
_PORTS: Final = {"http": 80, "https": 443}
_HARMLESS_DEVICES: Final = frozenset({"/dev/null"})


class Place(Enum):
    """Kinds of place."""

    NAME = auto()  # a bare file name
    BELOW = auto()  # a relative path into a folder
    HIDDEN = auto()  # a relative path with a part that begins with a dot
    OUTSIDE = auto()
    NETWORK = auto()
    UNKNOWN = auto()
    HARMLESS = auto()


def place_of(text: str) -> Place:
    """Where `text`, used as a path, points. UNKNOWN parts count as any one name."""
    if text in _HARMLESS_DEVICES:
        return Place.HARMLESS
    if _URL.match(text):
        return Place.NETWORK
    parts = re.split(r"[\\/]", text)
    if text.startswith(("/", "~", "$", "%")) or _DRIVE.match(text) or ".." in parts:
        return Place.OUTSIDE
    if any(part.startswith(".") and part not in (".", "") for part in parts):
        return Place.HIDDEN
    if UNKNOWN in text:
        return Place.UNKNOWN
    return Place.BELOW if len([part for part in parts if part not in (".", "")]) > 1 else Place.NAME


def host_allowed(scope: Scope, url: str) -> bool:
    """Whether the scope names the host and port that `url` certainly goes to."""
    address = re.match(r"https?://[^/?#]+", url)
    if address is None or UNKNOWN in address[0] or "@" in address[0] or "\\" in address[0]:
        return False
    try:
        parts = urlsplit(address[0])
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return False
    return f"{parts.hostname}:{port}" in scope.allow.hosts

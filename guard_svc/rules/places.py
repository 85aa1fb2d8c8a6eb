"""Where a text points: to an input, an output, below the working directory, outside, or into the network.

Knows paths, addresses and scopes. Must not know syntax.
"""

import re
from enum import Enum, auto
from typing import Final
from urllib.parse import urlsplit

from guard_svc.rules.fold import UNKNOWN
from placet.scope import Scope

_URL: Final = re.compile(
    r"[A-Za-z\x00][A-Za-z0-9+.\x00-]*(?<!^[A-Za-z]):(?://|\\\\)|(?:file|jar|data|mailto):|//[A-Za-z0-9]"
)
_DRIVE: Final = re.compile(r"[A-Za-z]:(?:[\\/]|$)|\\\\|\\")
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_HARMLESS: Final = frozenset({"/dev/null", ":memory:"})
_PRECIOUS: Final = re.compile(
    r"(?:^|[\\/])(?:\.ssh|\.aws|\.gnupg|\.kube|\.docker|\.config[\\/]autostart|\.mozilla|\.netrc|\.pgpass"
    r"|\.bash_history|\.bashrc|\.bash_profile|\.profile|\.zshrc|id_rsa|id_ed25519|authorized_keys"
    r"|etc[\\/](?:passwd|shadow|sudoers|hosts|crontab|cron\.\w+|systemd|environment|resolv\.conf|profile)"
    r"|(?:proc|sys|boot)[\\/](?:\w+[\\/])?\w+|cron(?:tabs)?[\\/]|Login Data|Local State|Cookies"
    r"|cookies\.sqlite)"
    r"(?:$|[\\/])"
)


class Place(Enum):
    """Kinds of place."""

    NAME = auto()  # a bare file name
    BELOW = auto()  # a relative path into a folder
    HIDDEN = auto()  # a relative path with a part that begins with a dot
    PRECIOUS = auto()  # ends where keys, logins or start-up files lie, wherever it begins
    OUTSIDE = auto()
    NETWORK = auto()
    UNKNOWN = auto()
    HARMLESS = auto()


class Answer(Enum):
    """Whether a scope lets a program reach an address."""

    YES = auto()
    NO = auto()
    OPEN = auto()  # depends on parts that are not known before the program runs


def place_of(text: str) -> Place:
    """Where `text`, used as a path, points. UNKNOWN parts count as any one name."""
    if text in _HARMLESS:
        return Place.HARMLESS
    if _URL.match(text):
        return Place.NETWORK
    parts = re.split(r"[\\/]", text)
    if text.startswith(("/", "~", "$", "%")) or _DRIVE.match(text) or ".." in parts:
        return Place.OUTSIDE
    if _PRECIOUS.search(text):
        return Place.PRECIOUS
    if any(part.startswith(".") and part not in (".", "") for part in parts):
        return Place.HIDDEN
    if UNKNOWN in text:
        return Place.UNKNOWN
    return Place.BELOW if len([part for part in parts if part not in (".", "")]) > 1 else Place.NAME


def url_answer(scope: Scope, url: str) -> Answer:
    """Whether the scope names the host and port that `url` goes to; a scheme without hosts is a no."""
    address = re.match(r"([A-Za-z\x00][A-Za-z0-9+.\x00-]*)://([^/?#]*)", url)
    if address is None:
        return Answer.OPEN if url.startswith(UNKNOWN) else Answer.NO
    scheme, host = address[1].lower(), address[2]
    if (scheme not in _PORTS and UNKNOWN not in scheme) or "@" in host or "\\" in host:
        return Answer.NO
    if UNKNOWN in host or UNKNOWN in scheme:
        return host_answer(scope, host.partition(":")[0] if ":" in host else host, None)
    try:
        parts = urlsplit(f"{scheme}://{host}")
        port = parts.port or _PORTS[scheme]
    except ValueError:
        return Answer.NO
    return host_answer(scope, parts.hostname or "", port)


def host_answer(scope: Scope, host: str, port: int | None) -> Answer:
    """Whether the scope names `host` at `port`; None stands for a port that is not known."""
    if UNKNOWN not in host and port is not None:
        return Answer.YES if f"{host.lower()}:{port}" in scope.allow.hosts else Answer.NO
    wanted = ".*".join(re.escape(part) for part in host.lower().split(UNKNOWN))
    granted = (entry.rpartition(":") for entry in scope.allow.hosts)
    possible = any(
        re.fullmatch(wanted, name) and (port is None or int(number) == port) for name, _, number in granted
    )
    return Answer.OPEN if possible else Answer.NO

"""Where workers are: addresses that are given, that a name server knows, or that stand in a file.

Knows text and names; connects to nobody. An address is a place and no identity: who listens there proves
that.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

DNS_INTERVAL_S: Final = 5.0
FILE_INTERVAL_S: Final = 1.0


class Source(Protocol):
    """Something that knows addresses, and how often it is worth asking (seconds)."""

    @property
    def interval_s(self) -> float:
        """How long an answer is good for."""
        ...

    async def look(self) -> frozenset[str]:
        """The addresses now, "HOST:PORT". Raises OSError or ValueError."""
        ...


@dataclass(frozen=True)
class Given:
    """The same ones for ever."""

    addresses: frozenset[str]
    interval_s: float = 3600.0

    async def look(self) -> frozenset[str]:
        """Them."""
        return self.addresses


@dataclass(frozen=True)
class Named:
    """Every address that a name has now, as the headless Service of a cluster answers."""

    host: str
    port: int
    interval_s: float = DNS_INTERVAL_S

    async def look(self) -> frozenset[str]:
        """Ask the system's resolver. A name may have none; OSError when nobody can be asked."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
                return frozenset()
            raise
        return frozenset(_joined(str(where[4][0]), self.port) for where in found)


@dataclass(frozen=True)
class Listed:
    """A file with one address a line, which somebody keeps."""

    path: Path
    interval_s: float = FILE_INTERVAL_S

    async def look(self) -> frozenset[str]:
        """What stands there now; a file that is not there yet holds nothing."""
        if not self.path.exists():
            return frozenset()
        lines = (line.strip() for line in self.path.read_text().splitlines())
        return frozenset(_checked(line) for line in lines if line)


def source(setting: str) -> Source:
    """What PLACET_EXECUTOR_WORKERS says: `dns:HOST:PORT`, `file:PATH`, or `HOST:PORT,…`.

    Raises ValueError for anything else.
    """
    if setting.startswith("file:"):
        return Listed(Path(setting.removeprefix("file:")))
    if setting.startswith("dns:"):
        host, port = _parts(setting.removeprefix("dns:").removeprefix("///"))
        return Named(host, port)
    return Given(frozenset(_checked(part.strip()) for part in setting.split(",")))


def _checked(address: str) -> str:
    _parts(address)
    return address


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536 or any(c.isspace() for c in host):
        raise ValueError(f"{address[:80]!r} is not HOST:PORT")
    return host, int(port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

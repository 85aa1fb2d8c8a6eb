"""A name server on loopback whose answers a test may change: what a headless Service is to its clients.

async with NameServer.running() as names:
    names.says["guard.test"] = ["127.0.0.2", "127.0.0.3"]
    connect(names.address("guard.test", 7443), ...)
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.containers.inside.nameserver import answer


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers with the A records in `says`; a name that is not there does not exist."""

    says: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    _transport: asyncio.DatagramTransport | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[NameServer]:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        server.port = transport.get_extra_info("sockname")[1]
        try:
            yield server
        finally:
            transport.close()

    def address(self, name: str, port: int) -> str:
        """The address of a service, as gRPC takes it, with this server as the one to ask."""
        return f"dns://127.0.0.1:{self.port}/{name}:{port}"

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        self._transport.sendto(self._answer(data), addr)

    def _answer(self, query: bytes) -> bytes:
        name, reply = answer(query, self.says)
        self.asked.append(name)
        return reply


def free_port(*hosts: str) -> int:
    """A port that is free on all of these addresses."""
    while True:
        with socket.create_server((hosts[0], 0)) as first:
            port: int = first.getsockname()[1]
            try:
                for host in hosts[1:]:
                    socket.create_server((host, port)).close()
            except OSError:
                continue
            return port

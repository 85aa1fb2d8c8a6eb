"""Real gRPC over a real unix socket with real mutual TLS, small enough for a test.

authority = Authority.make(directory)
async with serving(authority, "guard", register=..., allow=...) as server:
    async with server.as_peer(caller_uri("team")) as channel:
        ...
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from placet.pki import issue, make_ca
from placet.rpc.channel import connect, server_dns
from placet.rpc.deadline import MAX_RPC_S
from placet.rpc.health import State, publish
from placet.rpc.identity import AllowList, service_uri
from placet.rpc.server import BuiltServer, Register, build_server
from placet.rpc.tls import TlsFiles


@dataclass(frozen=True)
class Authority:
    """A test's certificate authority; certificates are issued once per identity."""

    directory: Path

    @classmethod
    def make(cls, directory: Path) -> Authority:
        make_ca(directory)
        return cls(directory)

    def peer(self, uri: str) -> TlsFiles:
        """A client certificate for any URI, also one that is not ours."""
        return issue(self.directory, "peer-" + hashlib.sha256(uri.encode()).hexdigest()[:12], uri, None)

    def service(self, name: str) -> TlsFiles:
        """A service's certificate, good as server and as client."""
        return issue(self.directory, name, service_uri(name), server_dns(name))


@dataclass(frozen=True)
class Serving:
    """A running server and how to reach it."""

    authority: Authority
    name: str
    built: BuiltServer

    @property
    def address(self) -> str:
        return self.built.address

    @asynccontextmanager
    async def as_peer(self, uri: str) -> AsyncIterator[grpc.aio.Channel]:
        """A channel that authenticates as `uri`."""
        async with connect(self.address, self.authority.peer(uri), server=self.name) as channel:
            yield channel


async def say_health(built: BuiltServer, healthy: bool) -> None:
    """Say the same of a server and of all its services."""
    await publish(built.health, built.names, State(serves=healthy, ready=healthy))


@asynccontextmanager
async def serving(
    authority: Authority,
    name: str,
    *,
    register: Register,
    allow: AllowList,
    endless: Collection[str] = (),
    max_rpc_s: float = MAX_RPC_S,
) -> AsyncIterator[Serving]:
    """Serve servicers as the service `name` on a unix socket until the block ends."""
    with tempfile.TemporaryDirectory(prefix="placet-") as directory:
        built = build_server(
            listen=f"unix:{directory}/s",
            tls=authority.service(name),
            allow=allow,
            register=register,
            endless=endless,
            max_rpc_s=max_rpc_s,
        )
        await say_health(built, True)
        await built.server.start()
        try:
            yield Serving(authority, name, built)
        finally:
            await built.stop(0.2)

"""The MCP door over HTTP: a token before anything, hosts and origins by name, sessions by token.

Knows the official library's parts for it, and starlette. Must not know what a tool does.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from placet.client import Placet
from placet.doors.bearers import Bearer, Bearers
from placet.doors.door import Door
from placet.doors.mcp_server import server
from placet.http_server import serving
from placet.local import Endpoint
from placet.rpc.errors import ServiceError

MAX_REQUEST_BYTES: Final = 16 * 1024 * 1024
MAX_SESSIONS: Final = 32
"""Of one token at once. All together cannot be more than the file's tokens allow, which its owner wrote."""
PATH: Final = "/mcp"
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Frontage:
    """What the door shows to the outside."""

    hosts: tuple[str, ...]
    """`Host` values that are its own, with ports."""
    origins: tuple[str, ...] = ()
    """Pages that may call it from a browser."""
    certificate: Path | None = None
    key: Path | None = None


def own_hosts(bound: socket.socket, named: Sequence[str]) -> tuple[str, ...]:
    """The names under which a bound socket is reached: loopback's and `named` ones, with and without port."""
    port = bound.getsockname()[1]
    with_port = tuple(f"{name}:{port}" for name in (*LOOPBACK, *named))
    return (*with_port, *named)


class _Verifier:
    """Answers the library's question whose a token is."""

    def __init__(self, bearers: Bearers) -> None:
        self._bearers = bearers

    async def verify_token(self, token: str) -> AccessToken | None:
        bearer = self._bearers.whose(token, datetime.now(UTC))
        if bearer is None:
            return None
        # The digest as subject: two tokens of one caller may be for different scopes, and share no session.
        return AccessToken(
            token=bearer.token_sha256, client_id=bearer.caller, scopes=[], subject=bearer.token_sha256
        )


def doors(bearers: Bearers, addresses: Callable[[], Mapping[str, str]], base: Door) -> Callable[[], Door]:
    """Gives the door of whoever sent the request that is being answered.

    `addresses` says where the services are, at each call; `base` has what all doors have in common.
    """

    def door() -> Door:
        token = get_access_token()
        bearer = bearers.by_digest.get(token.token) if token else None
        if bearer is None:  # cannot be: nothing is served without a token
            raise ServiceError(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING", "there is no token")
        return replace(base, connect=_client(bearer, addresses), scopes=bearer.scopes, folder=bearer.folder)

    return door


def _client(bearer: Bearer, addresses: Callable[[], Mapping[str, str]]) -> Callable[[], Placet]:
    return lambda: Placet.connect(endpoint=Endpoint(addresses(), bearer.tls))


def _by_token(apps: Mapping[str, ASGIApp]) -> ASGIApp:
    """Each token has an app of its own, so that none uses up another's sessions."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        token = get_access_token()
        if token is None:  # cannot be: nothing is served without a token
            raise ServiceError(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING", "there is no token")
        await apps[token.token](scope, receive, send)

    return app


def _guarded(app: ASGIApp, bearers: Bearers) -> ASGIApp:
    """Nothing is answered, at any path, to a request without a token of ours."""
    known = AuthContextMiddleware(RequireAuthMiddleware(app, required_scopes=[]))
    return AuthenticationMiddleware(known, backend=BearerAuthBackend(_Verifier(bearers)))


@asynccontextmanager
async def opened(
    bound: socket.socket, frontage: Frontage, bearers: Bearers, door_of: Callable[[], Door]
) -> AsyncIterator[str]:
    """The door, open on a bound socket while the context lasts; gives the URL. Raises OSError, ValueError."""
    allowed = TransportSecuritySettings(
        allowed_hosts=list(frontage.hosts), allowed_origins=list(frontage.origins)
    )
    apps: dict[str, ASGIApp] = {}
    async with AsyncExitStack() as sessions:
        for digest in bearers.by_digest:
            tools = server(door_of)
            apps[digest] = tools.streamable_http_app(
                streamable_http_path=PATH,
                max_request_body_size=MAX_REQUEST_BYTES,
                max_sessions=MAX_SESSIONS,
                transport_security=allowed,
            )
            await sessions.enter_async_context(tools.session_manager.run())
        tls = (frontage.certificate, frontage.key)
        async with serving(_guarded(_by_token(apps), bearers), bound, tls=tls) as url:
            scheme = "https" if frontage.certificate else "http"
            yield url.replace("http", scheme, 1) + PATH


async def serve(
    bound: socket.socket,
    frontage: Frontage,
    bearers: Bearers,
    door_of: Callable[[], Door],
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the URL."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with opened(bound, frontage, bearers, door_of) as url:
        ready(url)
        await stopping.wait()

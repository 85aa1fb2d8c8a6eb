"""An HTTP server beside a gRPC server that has the signals: it serves while its context lasts.

Knows uvicorn. Must not know what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from placet.listening import listening, url_of

MAX_CONNECTIONS: Final = 256


class _Server(uvicorn.Server):
    """Ends when it is told to; signals are for the gRPC server beside it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    where: str | socket.socket,
    *,
    tls: tuple[Path | None, Path | None] = (None, None),
    trusted_proxies: str = "",
) -> AsyncIterator[str]:
    """Serve on "host:port" or on a bound socket while the context lasts; gives the URL.

    `tls`: certificate and key (PEM); `trusted_proxies`: addresses whose X-Forwarded-For is believed.

    Raises OSError or ValueError.
    """
    bound = listening(where) if isinstance(where, str) else where
    server = _Server(_config(app, tls, trusted_proxies))
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield url_of(bound)
    finally:
        server.should_exit = True
        await task


def _config(app: Any, tls: tuple[Path | None, Path | None], trusted_proxies: str) -> uvicorn.Config:
    certificate, key = tls
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=2,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    config.load()  # so that a certificate that does not fit is an error of ours, not the end of the process
    return config

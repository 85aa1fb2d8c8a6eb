"""An HTTP server beside a gRPC server that has the signals: it serves while its context lasts.

Knows uvicorn. Must not know what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from placet.listening import listening, url_of

MAX_CONNECTIONS: Final = 256

_log = structlog.get_logger()


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

    `tls`: certificate and key (PEM), which may change meanwhile; `trusted_proxies`: addresses whose
    X-Forwarded-For is believed.

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
    if config.ssl:
        config.ssl.sni_callback = _Certificate(config).choose
    return config


class _Certificate:
    """What each handshake is made with: what the files hold at that moment, as far as it belongs together."""

    def __init__(self, config: uvicorn.Config) -> None:
        """`config` is loaded: its files are good."""
        self._config, self._context = config, config.ssl
        self._held = self._read()

    def choose(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str, _base: ssl.SSLContext) -> None:
        """Called in every handshake. Files that cannot be used change nothing."""
        try:
            if (found := self._read()) != self._held:
                self._held = found
                self._context = self._load()
        except (OSError, ValueError) as error:
            _log.warning("web_certificate_unusable", error=str(error))
        if self._context:
            connection.context = self._context

    def _read(self) -> list[bytes]:
        return [
            Path(str(path)).read_bytes() for path in (self._config.ssl_certfile, self._config.ssl_keyfile)
        ]

    def _load(self) -> ssl.SSLContext:
        config = self._config
        return uvicorn.config.create_ssl_context(
            certfile=str(config.ssl_certfile),
            keyfile=config.ssl_keyfile,
            password=None,
            ssl_version=config.ssl_version,
            cert_reqs=config.ssl_cert_reqs,
            ca_certs=None,
            ciphers=config.ssl_ciphers,
        )

"""What a cluster asks a service over HTTP: its metrics, whether it lives, whether it is ready. Nothing else.

Plain HTTP, because a kubelet has no certificate of ours; so it shows numbers and names of ours only, and its
one input is a path (docs/metrics.md). Knows HTTP. Must not know what is counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from cryptography import x509
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from placet.http_server import serving
from placet.rpc import metrics
from placet.rpc.tls import TlsFiles

Ready = Callable[[], Awaitable[bool]]

_log = structlog.get_logger()


@asynccontextmanager
async def exposing(shown: metrics.Shown, *, name: str, tls: TlsFiles, ready: Ready) -> AsyncIterator[None]:
    """Answer while the context lasts. Raises OSError or ValueError when the address cannot be served."""
    metrics.INFO.labels(name, version("placet")).set(1)
    app = application(metrics.registry(shown.families), tls=tls, ready=ready)
    async with serving(app, shown.listen) as url:
        _log.info("metrics_served", url=url)
        yield


def application(registry: CollectorRegistry, *, tls: TlsFiles, ready: Ready) -> Starlette:
    """`ready` is asked for each request, so that an answer is never older than the truth it tells."""

    async def show(_: Request) -> Response:
        metrics.READY.set(await ready())
        note_expiry(tls)
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def live(_: Request) -> Response:
        return PlainTextResponse("lives\n")

    async def readiness(_: Request) -> Response:
        return PlainTextResponse("ready\n") if await ready() else PlainTextResponse("not ready\n", 503)

    app = Starlette(routes=[Route("/metrics", show), Route("/livez", live), Route("/readyz", readiness)])
    app.router.redirect_slashes = False
    return app


def note_expiry(tls: TlsFiles) -> None:
    """When the certificates end that a connection would be made with now: the files are read each time.

    What cannot be used ends at 0, both of them: connections go on with what was there before, and nobody
    renews that. An alert must not miss it.
    """
    try:
        found = tls.read()
        found.check()
        own, authority = _end(found.cert), _end(found.ca)
    except (OSError, ValueError) as error:
        _log.warning("certificates_unusable", certificate=str(tls.cert), problem=str(error))
        own = authority = 0.0
    metrics.CERTIFICATE_EXPIRY.labels("own").set(own)
    metrics.CERTIFICATE_EXPIRY.labels("authority").set(authority)


def _end(pem: bytes) -> float:
    """When the first of these certificates expires, in seconds since 1970."""
    return min(each.not_valid_after_utc.timestamp() for each in x509.load_pem_x509_certificates(pem))

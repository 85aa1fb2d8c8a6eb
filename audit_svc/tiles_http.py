"""The log over HTTP as C2SP tlog-tiles has it: one checkpoint that changes, and tiles that never do.

Knows paths, status codes and caching (docs/audit-format.md §13). Must not know how tiles are stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from audit_svc.published import Published
from audit_svc.sequencer import Sequencer
from placet.audit.reader import LogUnreadable
from placet.audit.tiles import ENTRIES, TileName, TileUnknown

BRIEFLY: Final = {"Cache-Control": "max-age=1"}
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_NO_ENTRIES: Final = "this log publishes hashes only; records are read through its gRPC service\n"


def application(
    sequencer: Sequencer, published: Published, checkpoint: Callable[[], str], *, entries: bool
) -> Starlette:
    """`checkpoint` gives the note to publish; with `entries` records are published beside the hashes."""

    async def show_checkpoint(_: Request) -> Response:
        return PlainTextResponse(checkpoint(), headers=BRIEFLY)

    async def show(request: Request) -> Response:
        try:
            name = TileName.parse(request.url.path.removeprefix("/"))
            if name.level == ENTRIES:
                if not entries:
                    return PlainTextResponse(_NO_ENTRIES, 403)
                content = await published.bundle(sequencer.head, name)
            else:
                content = await published.tile(sequencer.head, name)
        except TileUnknown:
            return PlainTextResponse("the log has no such tile\n", 404)
        except LogUnreadable:
            return PlainTextResponse("the log's database cannot be read\n", 503)
        return Response(content, media_type="application/octet-stream", headers=FOR_EVER)

    packed = [Middleware(GZipMiddleware, minimum_size=256, compresslevel=4)]
    app = Starlette(
        routes=[
            Route("/checkpoint", show_checkpoint),
            Route("/tile/entries/{path:path}", show, middleware=packed),
            Route("/tile/{path:path}", show),
        ]
    )
    app.router.redirect_slashes = False  # a path in another spelling is no path
    return app

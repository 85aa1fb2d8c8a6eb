"""`/log/…`: what a browser needs to prove records itself. Hashes and signatures, no record.

Knows paths and caching. Must not know what is proven with it.
"""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from audit_svc.console.tree import LogTree
from audit_svc.console.web import console_of
from audit_svc.console.witnesses import Witnesses
from placet.audit.tiles import ENTRIES, WIDTH, TileName, TileUnknown

_FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Of a full tile; the browser holds it against a newer checkpoint each time."""


async def checkpoint(request: Request) -> Response:
    """The newest signed checkpoint."""
    head = await _tree(request).newest()
    return PlainTextResponse(head.checkpoint)


async def key(request: Request) -> Response:
    """The log's public key. A browser believes it once."""
    return PlainTextResponse(await _tree(request).vkey() + "\n")


async def policy(request: Request) -> Response:
    """Whose cosignatures count. A browser believes it once. Empty: nobody is asked for."""
    return PlainTextResponse(_witnesses(request).text)


async def witnessed(request: Request) -> Response:
    """The newest checkpoint that they cosigned, with their lines; empty before there is one."""
    return PlainTextResponse(await _witnesses(request).newest())


async def tile(request: Request) -> Response:
    """A tile of hashes. Records are not served here: reading them is for pages, which put it on record."""
    try:
        name = TileName.parse("tile/" + request.path_params["path"])
        content = await _tree(request).tile(name) if name.level != ENTRIES else None
    except TileUnknown:
        content = None
    if content is None:
        raise HTTPException(404)
    headers = _FOR_EVER if name.width == WIDTH else {}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _tree(request: Request) -> LogTree:
    tree: LogTree = console_of(request).part(LogTree)
    return tree


def _witnesses(request: Request) -> Witnesses:
    witnesses: Witnesses = console_of(request).part(Witnesses)
    return witnesses


ROUTES: Final = [
    Route("/log/checkpoint", checkpoint),
    Route("/log/key", key),
    Route("/log/policy", policy),
    Route("/log/witnessed", witnessed),
    Route("/log/tile/{path:path}", tile),
]

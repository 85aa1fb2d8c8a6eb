"""`/records/INDEX`: one record of the log as it is written, its bodies, and a figure among them.

Knows who may see what. Must not know what belongs to one request (request.py).
"""

from __future__ import annotations

import json
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console import picture
from audit_svc.console.attempts import findings_of
from audit_svc.console.dossier import Item, body_of, item_at
from audit_svc.console.labels import Labels
from audit_svc.console.listing import listing, teller
from audit_svc.console.prose import prose
from audit_svc.console.web import Forbidden, console_of, page, person_of, require
from placet.audit.note import b64
from placet.audit.sentences import sentence

MAX_RAW: Final = 64 * 1024
_PICTURE_HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": 'inline; filename="figure.png"',
}
"""Even opened on its own, a program's picture is in a place without scripts and without our cookies."""


async def record(request: Request) -> Response:
    """One record as it is written, with links to its bodies."""
    item = await _item(request)
    leaf = item.entry.leaf[:MAX_RAW]
    return page(
        request,
        "record.html",
        here="requests",
        title=f"Record {item.index}",
        item=item,
        told=sentence(item.record) if item.record else "These bytes are no record.",
        leaf=leaf.decode(errors="replace"),
        fields=json.dumps(dict(item.body), indent=2, ensure_ascii=False),
        reads=person_of(request).may(Role.REVIEWER),
        b64=b64,
    )


async def body(request: Request) -> Response:
    """One body as text."""
    item, role, content = await _body(request)
    return page(
        request,
        "body.html",
        here="requests",
        title=f"{role} of record {item.index}",
        item=item,
        role=role,
        text=prose(content),
        listed=listing(content, findings_of(item)) if role == "program" else None,
        teller=teller,
    )


async def figure(request: Request) -> Response:
    """A picture that a run handed over, rebuilt. Anything that is not a plain PNG is not shown."""
    _, _, content = await _body(request)
    try:
        drawn = picture.rebuilt(content)
    except picture.PictureRefused as error:
        raise HTTPException(415, f"This is not shown as a picture: {error}.") from None
    return Response(drawn, media_type="image/png", headers=_PICTURE_HEADERS)


async def _item(request: Request) -> Item:
    console = console_of(request)
    item = await item_at(console.log, request.path_params["index"])
    if item is None:
        raise HTTPException(404)
    if item.record and console.part(Labels).hides_record(person_of(request), item.entry, item.record):
        raise Forbidden("this is a label on a verdict that you can still review blind; label that first")
    return item


async def _body(request: Request) -> tuple[Item, str, bytes]:
    person = require(request, Role.REVIEWER)
    item, role = await _item(request), request.path_params["role"]
    content = await body_of(console_of(request).log, item, role, person)
    if content is None:
        raise HTTPException(404)
    return item, role, content


ROUTES: Final = [
    Route("/records/{index:int}", record),
    Route("/records/{index:int}/bodies/{role:path}", body),
    Route("/records/{index:int}/figure/{role:path}", figure),
]

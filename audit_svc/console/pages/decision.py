"""What the review page's script sends: a signed decision, the wish for a statement, a signed approval.

Knows forms and JSON. Must not know how they are judged (decisions.py).
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Final

import grpc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.decisions import Progress
from audit_svc.console.pages.review import decisions_of
from audit_svc.console.refusals import Refused
from audit_svc.console.shown import MAX_SHOWN_BYTES
from audit_svc.console.web import require
from placet.approval.envelope import MAX_ENVELOPE_BYTES
from placet.rpc.errors import ServiceError


async def decide(request: Request) -> Response:
    """Take a signed decision."""
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    fields = await _fields(request, envelope=MAX_ENVELOPE_BYTES, seen=MAX_SHOWN_BYTES)

    async def act() -> dict[str, object]:
        envelope = fields["envelope"].encode()
        progress: Progress = await decisions_of(request).decide(person, index, envelope, fields["seen"])
        return vars(progress)

    return await _answered(act)


async def statement(request: Request) -> Response:
    """Hand out the statement that the last of those who allowed it signs."""
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    fields = await _fields(request, key_id=64)

    async def act() -> dict[str, object]:
        payload = await decisions_of(request).statement(person, index, fields["key_id"])
        return {"statement": base64.b64encode(payload).decode()}

    return await _answered(act)


async def sign(request: Request) -> Response:
    """Take the signed approval."""
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    fields = await _fields(request, envelope=MAX_ENVELOPE_BYTES)

    async def act() -> dict[str, object]:
        await decisions_of(request).sign(person, index, fields["envelope"].encode())
        return {"verdict": "ALLOWED"}

    return await _answered(act)


async def _fields(request: Request, **most: int) -> dict[str, str]:
    """The form's fields of at most so many characters. Raises HTTPException 400."""
    form = await request.form()
    found = {name: form.get(name) for name in most}
    if not all(isinstance(found[name], str) and len(found[name]) <= size for name, size in most.items()):  # type: ignore[arg-type]
        raise HTTPException(400, "Deciding needs JavaScript: your own browser signs the decision.")
    return {name: str(value) for name, value in found.items()}


async def _answered(act: Callable[[], Awaitable[dict[str, object]]]) -> Response:
    """What a script is told: the answer, or why not."""
    try:
        return JSONResponse(await act())
    except Refused as refused:
        said = {"reason": refused.reason, "message": str(refused), "changes": list(refused.changes)}
        return JSONResponse(said, 409)
    except ServiceError as error:
        status = 404 if error.code == grpc.StatusCode.NOT_FOUND else 503
        return JSONResponse({"reason": error.reason, "message": error.message}, status)


ROUTES: Final = [
    Route("/queue/{index:int}/decision", decide, methods=["POST"]),
    Route("/queue/{index:int}/statement", statement, methods=["POST"]),
    Route("/queue/{index:int}/approval", sign, methods=["POST"]),
]

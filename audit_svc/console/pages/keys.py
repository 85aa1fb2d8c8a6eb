"""`/keys`: the key with which a person signs. It lives in their browser; here is what the executor trusts."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.reviewers import Reviewers
from audit_svc.console.web import console_of, page, require


async def show(request: Request) -> Response:
    """Load a key, make one, or forget it: all of it by the page's script."""
    person = require(request, Role.REVIEWER)
    keys = console_of(request).part(Reviewers).of(person.name)
    return page(
        request,
        "keys.html",
        here="keys",
        title="Keys",
        trusted=[key.key_id for key in keys],
        name=person.name,
    )


ROUTES: Final = [Route("/keys", show)]

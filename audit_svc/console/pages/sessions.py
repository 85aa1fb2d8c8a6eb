"""`/sessions`: who is logged in at this console, and an admin's way to end that.

Knows people, sessions and how long ago. Must not know how anybody came in.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.chart import duration
from audit_svc.console.entrance import Entrance
from audit_svc.console.sessions import Sessions
from audit_svc.console.web import console_of, page, require

HERE: Final = "sessions"


async def show(request: Request) -> Response:
    """Everybody who is logged in."""
    person = require(request, Role.ADMIN)
    sessions: Sessions = console_of(request).part(Sessions)
    present = [(each, duration(each.began_ago_s), duration(each.active_ago_s)) for each in sessions.present()]
    return page(request, "sessions.html", here=HERE, title="Sessions", present=present, own=person.name)


async def end(request: Request) -> Response:
    """End a person's sessions, this one excepted."""
    person = require(request, Role.ADMIN)
    entrance: Entrance = console_of(request).part(Entrance)
    async with request.form() as form:
        await entrance.turn_out(person, str(form.get("name", "")), request.state.secret)
    return RedirectResponse("/sessions", 303)


ROUTES: Final = [Route("/sessions", show), Route("/sessions", end, methods=["POST"])]

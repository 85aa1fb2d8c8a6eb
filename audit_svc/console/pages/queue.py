"""`/queue`: what waits for people, and who is at it.

Knows what is shown and who may do what. Must not know how claims are recorded (claims.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.cases import KINDS
from audit_svc.console.claims import Claims
from audit_svc.console.item import told
from audit_svc.console.live import Growth, Live
from audit_svc.console.people import Person
from audit_svc.console.queue import ORDERS, Queue
from audit_svc.console.refusals import Refused
from audit_svc.console.stream import Event, stream
from audit_svc.console.web import console_of, page, problem, require

ON_PAGE: Final = 50


async def index(request: Request) -> Response:
    """The queue, the most urgent first."""
    person, queue = require(request, Role.VIEWER), _queue(request)
    order = _order(request)
    now = datetime.now(UTC)
    return page(
        request,
        "queue.html",
        here="queue",
        title="Queue",
        size=console_of(request).part(Live).size,
        order=order,
        rows=[told(item, person.name, now) for item in queue.waiting(ON_PAGE, order)],
        total=len(queue),
        unsigned=[told(item, person.name, now) for item in queue.unsigned(person.name, now)],
    )


async def live(request: Request) -> Response:
    """Events: the queue's first rows, whenever something in it has changed."""
    person, queue, order = require(request, Role.VIEWER), _queue(request), _order(request)

    async def make(growth: Growth) -> Iterable[Event]:
        if not any(news.kind in KINDS for news in growth.news):
            return []
        now = datetime.now(UTC)
        rows = [told(item, person.name, now) for item in queue.waiting(ON_PAGE, order)]
        return [Event("queue", {"rows": rows, "total": len(queue)})]

    return stream(request, console_of(request).part(Live), make)


async def claim(request: Request) -> Response:
    """Tell others that somebody is at it."""
    claims: Claims = console_of(request).part(Claims)
    return await _moving(request, claims.claim)


async def release(request: Request) -> Response:
    """Leave it to others."""
    claims: Claims = console_of(request).part(Claims)
    return await _moving(request, claims.release)


async def _moving(request: Request, move: Callable[[Person, int], Awaitable[None]]) -> Response:
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    try:
        await move(person, index)
    except Refused as refused:
        return problem(request, 409, str(refused), reason=refused.reason)
    return RedirectResponse(f"/queue/{index}", 303)


def _order(request: Request) -> str:
    order = request.query_params.get("order", ORDERS[0])
    return order if order in ORDERS else ORDERS[0]


def _queue(request: Request) -> Queue:
    queue: Queue = console_of(request).part(Queue)
    return queue


ROUTES: Final = [
    Route("/queue", index),
    Route("/live/queue", live),
    Route("/queue/{index:int}/claim", claim, methods=["POST"]),
    Route("/queue/{index:int}/release", release, methods=["POST"]),
]

"""Pages of the console over a real log in a directory, without sessions: a header names who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from audit_svc.access import Role
from audit_svc.console.app import refused_by_service
from audit_svc.console.labels import Labels
from audit_svc.console.live import Live
from audit_svc.console.log import Reading
from audit_svc.console.people import Person
from audit_svc.console.sample import Sample
from audit_svc.console.scopes import Scopes
from audit_svc.console.tree import LogTree
from audit_svc.console.web import Console, Forbidden
from audit_svc.console.witnesses import Witnesses
from audit_svc.draft import Draft
from audit_svc.sequencer import Sequencer
from placet.audit.client import Appended
from placet.audit.reader import LogReader
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri


class WorldLog(Reading):
    """Log over a sequencer in this process; what is appended is the console's."""

    def __init__(self, reader: LogReader, sequencer: Sequencer) -> None:
        super().__init__(reader)
        self._sequencer = sequencer

    async def append(self, draft: Draft) -> Appended:
        """See Log."""
        return await self._sequencer.append(replace(draft, actor=service_uri("console")))

    async def growth(self) -> AsyncIterator[int]:
        """See Log."""
        async with aclosing(self._sequencer.growth()) as sizes:
            async for size in sizes:
                yield size

    async def vkey(self) -> str:
        """See Log."""
        return self._sequencer.vkey


@asynccontextmanager
async def pages(
    reader: LogReader,
    sequencer: Sequencer,
    routes: Iterable[BaseRoute],
    scopes: Path | None = None,
    more: Iterable[object] = (),
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser for routes and parts. The header `who` is NAME=ROLE; without it ana, a reviewer, asks."""
    log = WorldLog(reader, sequencer)
    listed = [LogTree(log), Witnesses(log), Live(log), Scopes(scopes), Labels(Sample(0)), *more]
    parts = {type(part): part for part in listed}

    async def enter(request: Request, go_on: RequestResponseEndpoint) -> Response:
        name, _, role = request.headers.get("who", "ana=reviewer").partition("=")
        request.state.person = Person(name, Role[role.upper()])
        return await go_on(request)

    async def forbidden(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 403)

    app = Starlette(
        routes=list(routes),
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=enter)],
        exception_handlers={Forbidden: forbidden, ServiceError: refused_by_service},
    )
    app.state.console = Console(log, parts=parts)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as browser:
        yield browser

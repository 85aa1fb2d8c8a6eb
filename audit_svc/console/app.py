"""The console as an ASGI application: every page module's routes behind the gate, and answers to errors.

Knows how the parts fit. Must not know any page.
"""

from __future__ import annotations

import mimetypes
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import grpc
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from audit_svc.console import pages
from audit_svc.console.gate import Gate
from audit_svc.console.limits import Limiter
from audit_svc.console.logged import Logged
from audit_svc.console.security import Hardened
from audit_svc.console.sessions import Sessions
from audit_svc.console.sign_on import SignOn
from audit_svc.console.site import Site
from audit_svc.console.web import Console, Forbidden, problem
from placet.rpc.errors import ServiceError

MAX_FORM_BYTES: Final = 4 * 1024 * 1024

_STATUS: Final[Mapping[grpc.StatusCode, int]] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
}
"""Of an answer that a service did give; every other error of one is 503."""

_log = structlog.get_logger()


class _Static(StaticFiles):
    """Asked for anew each time, answered with 304 while it is the same: an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def application(console: Console, shown: Iterable[BaseRoute]) -> ASGIApp:
    """`console` must have the parts Site, Sessions and Limiter; `shown`: its pages, mostly `routes()`."""
    mimetypes.add_type("text/javascript", ".js")  # a machine's own table may say otherwise
    site, sessions, limiter = console.part(Site), console.part(Sessions), console.part(Limiter)
    sign_on: SignOn | None = console.parts.get(SignOn)
    app = Starlette(
        routes=[*shown, Mount("/static", _Static(directory=Path(__file__).with_name("static")))],
        middleware=[
            Middleware(Gate, site=site, sessions=sessions, limiter=limiter),
            *([sign_on.middleware()] if sign_on else []),
        ],
        exception_handlers={
            Forbidden: _forbidden,
            HTTPException: _http,
            ServiceError: refused_by_service,
            Exception: _mistake,
        },
        max_body_size=MAX_FORM_BYTES,
    )
    app.router.redirect_slashes = False
    app.state.console = console
    return Logged(Hardened(app, site))


def routes() -> Iterator[BaseRoute]:
    """The routes of every module in `pages`, in the order of the modules' names."""
    for found in sorted(pkgutil.iter_modules(pages.__path__), key=lambda each: each.name):
        yield from import_module(f"{pages.__name__}.{found.name}").ROUTES


def _forbidden(request: Request, error: Exception) -> Response:
    return problem(request, 403, f"{error}.")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "The address names nothing that the console has.", 405: "The page takes no such request."}
    answer = problem(request, error.status_code, words.get(error.status_code, error.detail))
    answer.headers.update(error.headers or {})
    return answer


def refused_by_service(request: Request, error: Exception) -> Response:
    """The log, or another service, refused or could not answer; nothing that was asked for has happened."""
    assert isinstance(error, ServiceError)
    _log.warning("page_not_answered", path=request.url.path, reason=error.reason, error=error.message)
    return problem(request, _STATUS.get(error.code, 503), error.message, reason=error.reason)


def _mistake(request: Request, error: Exception) -> Response:
    """What went wrong is said in the console's log only: it may hold what the person may not see."""
    _log.error("page_failed", path=request.url.path, kind=type(error).__name__, exc_info=error)
    return problem(request, 500, "The console's own log says what went wrong.")

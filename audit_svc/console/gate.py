"""Nobody passes without a session, no form without its token, nobody asks for too much.

Knows cookies, forms and the parts of the site that are for everybody. Must not know what a page shows.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audit_svc.console.limits import Limiter, peer_of
from audit_svc.console.security import SAFE_METHODS
from audit_svc.console.sessions import Session, Sessions
from audit_svc.console.site import Site
from audit_svc.console.web import is_fetch, page, problem

FORM_TIMEOUT_S: Final = 20.0
"""How long the body of a form may take to arrive."""
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"


class Gate:
    """Before the pages: puts `person`, `csrf`, `session` and `secret` into `request.state`."""

    def __init__(self, app: ASGIApp, site: Site, sessions: Sessions, limiter: Limiter) -> None:
        self._app, self._site, self._sessions, self._limiter = app, site, sessions, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, ask to log in, or let through."""
        request = Request(scope, receive)
        secret = request.cookies.get(self._site.cookie, "")
        own = secret and not _from_elsewhere(request)
        session = self._sessions.find(secret, active=_by_hand(request)) if own else None
        if refused := self._too_much(request, session):
            await refused(scope, receive, send)
        elif session:
            _introduce(scope, session, secret)
            await self._inside(request, session, send)
        elif is_public(request.url.path):
            await self._app(scope, receive, send)
        else:
            await self._outside(request)(scope, receive, send)

    async def _inside(self, request: Request, session: Session, send: Send) -> None:
        receive, refused = request.receive, None
        if request.method not in SAFE_METHODS:
            receive, refused = await _form(request, session.csrf)
        connection = _WhileItLasts(receive, send, lambda: self._sessions.over(session))
        await (refused or self._app)(request.scope, connection.receive, connection.send)
        await connection.finish()

    def _outside(self, request: Request) -> Response:
        """Somebody without a session: ask them to log in, unless they only followed a link from elsewhere."""
        if is_fetch(request) or request.method not in SAFE_METHODS:
            return problem(request, 401, "Your session has ended; log in again.")
        if _from_elsewhere(request) and request.headers.get("sec-fetch-mode") == "navigate":
            # A link on another site: a session counts only for what this site's own pages ask for.
            address = self._site.origin + _asked(request)
            return page(request, "continue.html", here="", title="Placet", address=address)
        return RedirectResponse(f"/login?next={quote(_asked(request), safe='')}", 303)

    def _too_much(self, request: Request, session: Session | None) -> Response | None:
        peer = request.client.host if request.client else ""
        wait_s = self._limiter.take(session.csrf if session else peer_of(peer))
        if not wait_s:
            return None
        answer = problem(request, 429, "Too many requests at once; wait a moment and load the page again.")
        answer.headers["Retry-After"] = str(int(wait_s) + 1)
        return answer


def is_public(path: str) -> bool:
    """What is shown to everybody: how to log in, and the files of the pages."""
    return path == "/login" or path.startswith(("/static/", "/enter/", "/login/"))


def _from_elsewhere(request: Request) -> bool:
    """Whether a page of another origin asks: in somebody's name it would read, which goes on their record.

    The cookie is kept from other sites by the browser, but not from other ports of the same host.
    """
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


def _by_hand(request: Request) -> bool:
    """Whether a person did something; what a page fetches by itself keeps no session alive."""
    return (
        request.method not in SAFE_METHODS or request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    )


def _introduce(scope: Scope, session: Session, secret: str) -> None:
    state = scope.setdefault("state", {})
    state.update(person=session.person, csrf=session.csrf, session=session, secret=secret)


def _asked(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


async def _form(request: Request, token: str) -> tuple[Receive, Response | None]:
    """The body of a form of this session, to be read again; or why it is refused."""
    try:
        async with asyncio.timeout(FORM_TIMEOUT_S):
            body = await request.body()
    except TimeoutError:
        return request.receive, problem(request, 408, "The form did not arrive in time; send it again.")
    if not await _carries(request, body, token):
        text = "This form is not of your session. Load the page again and send it from there."
        return request.receive, problem(request, 403, text)
    return _again(body, request.receive), None


async def _carries(request: Request, body: bytes, token: str) -> bool:
    """Whether a form, or the header of a script's request, holds the session's token."""
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = await _field(Request(request.scope, _again(body, request.receive)))
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())


async def _field(request: Request) -> str:
    try:
        async with request.form() as form:
            field = form.get(CSRF_FIELD)
            return field if isinstance(field, str) else ""
    except HTTPException:  # no form that can be read
        return ""


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more; then what follows it."""
    sent = False

    async def receive_again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


class _WhileItLasts:
    """The connection of one request, for which the browser is gone once the session is over.

    So ends what streams to it; the answer is then finished here, as the server has it.
    """

    def __init__(self, receive: Receive, send: Send, over: Callable[[], Awaitable[None]]) -> None:
        self._receive, self._send, self._over = receive, send, over
        self._unfinished = False

    async def receive(self) -> Message:
        waiting: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._receive()),
            asyncio.ensure_future(self._over()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting[0].done():
                message: Message = waiting[0].result()
                return message
            return {"type": "http.disconnect"}
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def send(self, message: Message) -> None:
        self._unfinished = bool(message.get("more_body", message["type"] == "http.response.start"))
        await self._send(message)

    async def finish(self) -> None:
        """After the application: end an answer that it did not."""
        if self._unfinished:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

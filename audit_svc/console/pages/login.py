"""Logging in with a link, or with single sign-on where that is set up; and logging out."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from audit_svc.console.entrance import UNKNOWN, Entrance, LockedOut, NotAdmitted
from audit_svc.console.limits import peer_of
from audit_svc.console.sign_on import BEGIN, DONE, SignedOn, SignOn, SignOnRefused
from audit_svc.console.site import Site
from audit_svc.console.web import console_of, page, person_of

HOW: Final = "single_sign_on"
"""How somebody came in, as it is recorded."""
ENTER: Final = "/enter/"
THEN: Final = "then"
MAX_THEN: Final = 1000
REMEMBERED_S: Final = 600
"""How long the page that was asked for before the login is shown after it."""
_TITLE: Final = "Log in"


async def login(request: Request) -> Response:
    """How to get in. The page that was asked for is remembered: the link is opened without it."""
    answer, site = _show(request), console_of(request).part(Site)
    then = request.query_params.get("next", "")
    if 0 < len(then) <= MAX_THEN:
        answer.set_cookie(
            site.cookie_for(THEN),
            quote(then),
            max_age=REMEMBERED_S,
            path=ENTER,
            secure=site.secure,
            httponly=True,
            samesite="strict",
        )
    return answer


async def show_link(request: Request) -> Response:
    """Whose link this is, and the button that uses it. Opening it alone does not: programs open links too."""
    secret = request.path_params["secret"]
    try:
        name = _entrance(request).holder(secret, _peer(request))
        if name is None:
            await _entrance(request).refuse_link(_peer(request))
    except NotAdmitted as error:
        return _refused(request, error)
    return page(request, "enter.html", here="", title=_TITLE, name=name, action=f"/enter/{secret}")


async def use_link(request: Request) -> Response:
    """Log in."""
    try:
        session = await _entrance(request).by_link(request.path_params["secret"], _peer(request))
    except NotAdmitted as error:
        return _refused(request, error)
    site = console_of(request).part(Site)
    name = site.cookie_for(THEN)
    then = request.cookies.get(name)
    answer = RedirectResponse(_own(site, unquote(then or "/")), 303)
    if then:
        answer.delete_cookie(name, path=ENTER, secure=site.secure, httponly=True, samesite="strict")
    return let_in(request, answer, session)


async def logout(request: Request) -> Response:
    """End this session."""
    answer = _show(request, notice="You are logged out.")
    site = console_of(request).part(Site)
    answer.delete_cookie(site.cookie, secure=site.secure, httponly=True, samesite="strict")
    await _entrance(request).leave(person_of(request), request.state.secret)
    return answer


async def begin_sign_on(request: Request) -> Response:
    """Off to the provider."""
    return await _sign_on(request).begin(request, request.query_params.get("next", "/"))


async def finish_sign_on(request: Request) -> Response:
    """Back from the provider. The page that follows is asked for by ours, so that its cookie goes along."""
    peer, console = _peer(request), console_of(request)
    try:
        who = await _finished(request, peer)
        session = await _entrance(request).enter(who.name, HOW, peer, who.role)
    except NotAdmitted as error:
        return _refused(request, error)
    address = _own(console.part(Site), who.then)
    return let_in(request, page(request, "continue.html", here="", title=_TITLE, address=address), session)


async def _finished(request: Request, peer: str) -> SignedOn:
    try:
        return await _sign_on(request).finish(request)
    except SignOnRefused as error:
        await _entrance(request).refuse(UNKNOWN, HOW, str(error), peer)


def _sign_on(request: Request) -> SignOn:
    sign_on: SignOn | None = console_of(request).parts.get(SignOn)
    if sign_on is None:
        raise HTTPException(404)
    return sign_on


def _own(site: Site, then: str) -> str:
    """The address of a page of this site, whatever `then` names."""
    return site.origin + (then if then.startswith("/") else "/")


def let_in(request: Request, answer: Response, session: str) -> Response:
    """Give the browser the secret of its new session; one that it had before is over."""
    console = console_of(request)
    if before := getattr(request.state, "secret", None):
        console.part(Entrance).sessions.end(before)
    site = console.part(Site)
    answer.set_cookie(site.cookie, session, secure=site.secure, httponly=True, samesite="strict")
    return answer


def _show(request: Request, *, status: int = 200, notice: str = "") -> Response:
    return page(
        request,
        "login.html",
        here="",
        title=_TITLE,
        status=status,
        notice=notice,
        person=None,
        sign_on=_sign_on_address(request),
    )


def _sign_on_address(request: Request) -> str:
    """Where single sign-on begins; empty: there is none."""
    if SignOn not in console_of(request).parts:
        return ""
    return f"{BEGIN}?next={quote(request.query_params.get('next', '/'), safe='')}"


def _refused(request: Request, error: NotAdmitted) -> Response:
    answer = _show(request, status=403, notice=f"You are not logged in: {error}.")
    if isinstance(error, LockedOut):
        answer.status_code = 429
        answer.headers["Retry-After"] = str(int(error.wait_s) + 1)
    return answer


def _entrance(request: Request) -> Entrance:
    entrance: Entrance = console_of(request).part(Entrance)
    return entrance


def _peer(request: Request) -> str:
    return peer_of(request.client.host if request.client else "")


ROUTES: Final = [
    Route("/login", login),
    Route("/enter/{secret}", show_link),
    Route("/enter/{secret}", use_link, methods=["POST"]),
    Route(BEGIN, begin_sign_on),
    Route(DONE, finish_sign_on),
    Route("/logout", logout, methods=["POST"]),
]

"""The console's application over a log in memory, and browsers that keep cookies and name their origin."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import httpx
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from audit_svc.access import Access, Role
from audit_svc.console.app import application
from audit_svc.console.entrance import Entrance
from audit_svc.console.limits import Limiter, Lockout
from audit_svc.console.links import Links
from audit_svc.console.pages import login
from audit_svc.console.sessions import Sessions
from audit_svc.console.sign_on import SignOn
from audit_svc.console.site import Site
from audit_svc.console.web import Console, environment, page, person_of, require
from audit_svc.draft import Draft
from placet.audit.client import Appended
from placet.audit.reader import LogReader
from tests.fakes.memory_log import MemoryLog

ORIGIN = "http://127.0.0.1:8080"
T = TypeVar("T")


class ConsoleLog:
    """Log, of which only `append` is of use here."""

    def __init__(self) -> None:
        self.kept = MemoryLog()

    async def ask(self, read: Callable[[LogReader], T]) -> T:
        raise AssertionError("nothing here reads the log")

    async def append(self, draft: Draft) -> Appended:
        return await self.kept.append(draft.kind, draft.body, request_id=draft.request_id)

    async def growth(self) -> AsyncIterator[int]:
        yield len(self.kept.records)


async def home(request: Request) -> Response:
    return page(request, "error.html", here="overview", title="Home", text=person_of(request).name, reason="")


async def act(request: Request) -> Response:
    form = await request.form()
    return PlainTextResponse(f"done by {person_of(request).name}: {form.get('what')}")


async def manage(request: Request) -> Response:
    return PlainTextResponse(f"managed by {require(request, Role.ADMIN).name}")


async def broken(_: Request) -> Response:
    raise ValueError("a secret of the program")


PAGES = [
    Route("/", home),
    Route("/act", act, methods=["POST"]),
    Route("/manage", manage),
    Route("/broken", broken),
    *login.ROUTES,
]


@cache
def templates() -> Environment:
    """Compiled once."""
    return environment()


@dataclass
class ConsoleSite:
    """One console; `seconds` is its clock, unless that is the machine's (`running`)."""

    roles: str = "reviewer/ana=admin,reviewer/*=reviewer"
    url: str = ORIGIN
    shown: Iterable[BaseRoute] = ()
    sign_on: Callable[[Site], SignOn] | None = None
    seconds: float = 1000.0
    running: bool = False
    longest_s: float = 8 * 3600
    limiter: Limiter = field(default_factory=lambda: Limiter(1000, 1000))

    def __post_init__(self) -> None:
        self.site = Site.of(self.url)
        self.log = ConsoleLog()
        self.sessions = Sessions(longest_s=self.longest_s, idle_s=3600, now=self.now)
        self.entrance = Entrance(
            self.log,
            Access.parse(self.roles),
            self.sessions,
            Links(now=self.now),
            Lockout(now=self.now),
            Limiter(0.1, 60, now=self.now),
        )
        parts = (self.site, self.sessions, self.limiter, self.entrance)
        self.console = Console(self.log, templates(), {type(part): part for part in parts})
        if self.sign_on:
            self.console.parts[SignOn] = self.sign_on(self.site)
        self.app = application(self.console, [*PAGES, *self.shown])

    def now(self) -> float:
        return time.monotonic() if self.running else self.seconds

    def entered(self) -> list[dict[str, object]]:
        """What the log has of people who entered, or failed to."""
        return [dict(record.body) for record in self.log.kept.of("console_entered")]

    def browser(self, peer: str = "127.0.0.1") -> Browser:
        return Browser(self, peer)

    async def logged_in(self, name: str, peer: str = "127.0.0.1") -> Browser:
        browser = self.browser(peer)
        answer = await browser.use_link(self.entrance.links.issue(name))
        assert answer.status_code == 303, answer.text
        return browser


class Browser:
    """Keeps cookies; its forms say that they are from the console's own pages."""

    def __init__(self, site: ConsoleSite, peer: str) -> None:
        self._site = site
        transport = httpx.ASGITransport(app=site.app, client=(peer, 4711), raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=site.url)

    @property
    def secret(self) -> str | None:
        """The session cookie's value."""
        return self.http.cookies.get(self._site.site.cookie)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=_named(headers))

    async def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        origin = {"origin": self._site.site.origin}
        return await self.http.post(path, data=fields or {}, headers=origin | _named(headers))

    async def use_link(self, secret: str) -> httpx.Response:
        return await self.post(f"/enter/{secret}", {"csrf": await self.csrf()} if self.secret else {})

    async def csrf(self) -> str:
        """The token that this session's pages carry."""
        found = re.search(r'<meta name="csrf" content="([^"]+)">', (await self.get("/")).text)
        assert found, "the page carries no token"
        return found[1]


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}

"""`/requests`: the list of requests, what it is narrowed to, and the views that people keep of it.

Knows what is shown and who may see it. Must not know how requests are found (requests.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.characters import spelled
from audit_svc.console.chart import duration
from audit_svc.console.live import Growth, Live
from audit_svc.console.names import Names
from audit_svc.console.requests import Page, Requests
from audit_svc.console.search import VERDICTS, Search, meaning
from audit_svc.console.stream import Event, stream
from audit_svc.console.summary import Summary
from audit_svc.console.views import BUILT_IN, MAX_NAME, View, Views
from audit_svc.console.web import console_of, page, problem, require
from audit_svc.readings import Readings
from placet.audit.query import Query
from placet.audit.reader import LogReader

SHOWN_RULES: Final = 6
MAX_TOLD: Final = 50
"""Rows that one event tells of; beyond that the page is asked to load again."""


async def overview(request: Request) -> Response:
    """A page of the list, or the request whose id was searched for.

    The search is on record before anything that it found is shown.
    """
    person = require(request, Role.VIEWER)
    console = console_of(request)
    search = Search.of(request.query_params)
    meant = meaning(search, datetime.now(UTC))
    before = _index(request.query_params.get("before", ""))
    size, found = console.part(Live).size, Page()
    if not meant.problems:
        await console.part(Readings).query(person.uri, search.given)
        if await console.log.ask(partial(_is_request, search.text)):
            return RedirectResponse(f"/requests/{quote(search.text, safe='')}", 303)
        found = await console.log.ask(partial(_page, meant.query, before))
    return page(
        request,
        "requests.html",
        here="requests",
        title="Requests",
        search=search,
        problems=meant.problems,
        found=found,
        rows=[_row(row) for row in found.rows],
        first=before is None,
        newest=_address(search),
        older=_address(search, found.older) if found.older else "",
        size=size,
        names=console.part(Names),
        verdicts=VERDICTS,
        views=console.part(Views).of(person.name),
        built_in=BUILT_IN,
        max_name=MAX_NAME,
    )


async def changes(request: Request) -> Response:
    """Events: `row` for a request that is new or has changed, `many` when there are too many to tell."""
    person = require(request, Role.VIEWER)
    console = console_of(request)
    search = Search.of(request.query_params)
    if (meant := meaning(search, datetime.now(UTC))).problems:
        return problem(request, 400, "; ".join(meant.problems.values()))
    await console.part(Readings).query(person.uri, search.given)

    async def make(growth: Growth) -> Iterable[Event]:
        if not growth.complete or len(growth.requests) > MAX_TOLD:
            return [Event("many", {})]
        if not growth.requests:
            return []
        rows = await console.log.ask(partial(_rows, meant.query, growth.requests))
        return [Event("row", _row(row)) for row in rows]

    return stream(request, console.part(Live), make)


async def keep(request: Request) -> Response:
    """Keep a search under a name."""
    person = require(request, Role.VIEWER)
    async with request.form() as form:
        name, query = str(form.get("name", "")).strip(), str(form.get("query", ""))
    if not 0 < len(name) <= MAX_NAME:
        return problem(request, 400, f"A view's name has 1 to {MAX_NAME} characters.")
    try:
        search = Search.of(dict(parse_qsl(query, max_num_fields=20)))
    except ValueError:
        return problem(request, 400, "This is no search.")
    if meaning(search, datetime.now(UTC)).problems:
        return problem(request, 400, "A search that is not understood cannot be kept.")
    console_of(request).part(Views).keep(person.name, View(name, search.url))
    return RedirectResponse(_address(search), 303)


async def remove(request: Request) -> Response:
    """Forget a view of one's own."""
    person = require(request, Role.VIEWER)
    async with request.form() as form:
        console_of(request).part(Views).remove(person.name, str(form.get("name", "")))
    return RedirectResponse("/requests", 303)


def _is_request(text: str, reader: LogReader) -> bool:
    return bool(text and reader.tally.firsts_of([text], 0))


def _page(query: Query, before: int | None, reader: LogReader) -> Page:
    return Requests(reader, query).page(before)


def _rows(query: Query, request_ids: Iterable[str], reader: LogReader) -> list[Summary]:
    return Requests(reader, query).rows(request_ids)


def _row(summary: Summary) -> dict[str, object]:
    """What template and script make a row of. Names are strangers': what hides in them is spelled out."""
    told = summary.to_json()
    return {
        **told,
        **{name: spelled(str(told[name])) for name in ("caller", "scope", "outcome")},
        "rules": _first(summary.rules),
        "address": f"/requests/{quote(summary.request_id, safe='')}",
        "took": duration(summary.took_s),
    }


def _first(rules: Sequence[str]) -> list[str]:
    """The rules that a row has room for, and how many more there are."""
    more = len(rules) - SHOWN_RULES
    return [*map(spelled, rules[:SHOWN_RULES]), *([f"and {more} more"] if more > 0 else [])]


def _address(search: Search, before: int | None = None) -> str:
    paging = {} if before is None else {"before": str(before)}
    query = urlencode({**search.named, **paging})
    return f"/requests?{query}" if query else "/requests"


def _index(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


ROUTES: Final = [
    Route("/requests", overview),
    Route("/live/requests", changes),
    Route("/views", keep, methods=["POST"]),
    Route("/views/remove", remove, methods=["POST"]),
]

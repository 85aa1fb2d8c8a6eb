"""Server-sent events: what a page that stays open is told, until it closes or its time is up.

Knows Starlette and the form of events (HTML Living Standard §9.2). Must not know what they say.

    async def make(growth: Growth) -> list[Event]: ...
    return stream(request, live, make)

Make the page's `data-size` the size that it was made at, and open `URL?after=SIZE`: then nothing is missed.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from audit_svc.console.live import Growth, Live
from audit_svc.console.web import person_of, problem

STREAM_S: Final = 120.0
"""Then the browser asks again, and its session is checked again."""
PING_S: Final = 15.0
GATHER_S: Final = 0.3
"""How long what comes after a first record may be told together with it."""
RETRY_MS: Final = 1000
MAX_OF_ONE_PERSON: Final = 24
"""Open at once: the server has room for a few hundred connections, and they are for everybody."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Event:
    """One event: its name, and data that becomes JSON."""

    name: str
    data: Mapping[str, object]


Make = Callable[[Growth], Awaitable[Iterable[Event]]]
"""What to tell of a growth; nothing for one that does not concern the page."""


def stream(request: Request, live: Live, make: Make, *, gather_s: float | None = None) -> Response:
    """Events from the size on that the browser has seen last: `Last-Event-ID`, or `after` in the URL.

    `gather_s`: a longer time than GATHER_S, where telling costs more.
    """
    name = person_of(request).name
    if live.streams[name] >= MAX_OF_ONE_PERSON:
        return problem(request, 429, "You have too many pages open; close some and load this one again.")
    seen = request.headers.get("last-event-id") or request.query_params.get("after", "")
    after = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else live.size
    events = _events(live, min(after, live.size), make, GATHER_S if gather_s is None else gather_s)
    return StreamingResponse(_counted(live, name, events), 200, HEADERS, "text/event-stream")


async def _counted(live: Live, name: str, events: AsyncIterator[str]) -> AsyncIterator[str]:
    live.streams[name] += 1
    try:
        async for event in events:
            yield event
    finally:
        live.streams[name] -= 1


async def _events(live: Live, after: int, make: Make, gather_s: float) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    until = time.monotonic() + STREAM_S
    while not live.closed and time.monotonic() < until:
        try:
            await asyncio.wait_for(live.since(after), PING_S)
        except TimeoutError:
            yield ": still here\n\n"
            continue
        await asyncio.sleep(gather_s)
        growth = await live.since(after)
        after = growth.size
        for event in await make(growth):
            yield encode(event, after)


def encode(event: Event, size: int) -> str:
    """As it goes over the wire. JSON in ASCII has no line breaks, so data cannot end its event."""
    return f"id: {size}\nevent: {event.name}\ndata: {json.dumps(event.data)}\n\n"

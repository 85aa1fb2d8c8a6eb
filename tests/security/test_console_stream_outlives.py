"""Attack: keep a page's stream open after its session is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from placet.http_server import serving
from placet.listening import listening, url_of
from tests.fakes.console_site import ConsoleSite

still_streaming: set[str] = set()


async def stream(request: Request) -> Response:
    async def ticks() -> AsyncIterator[str]:
        still_streaming.add(request.state.secret)
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(0.01)
        finally:
            still_streaming.discard(request.state.secret)

    return StreamingResponse(ticks())


async def served(site: ConsoleSite, secret: str, over: asyncio.Event) -> int:
    """How many ticks a real browser's connection gets until it ends; `over` is set once some have come."""
    ticks = 0
    async with (
        httpx.AsyncClient(base_url=site.url, cookies={site.site.cookie: secret}) as http,
        http.stream("GET", "/stream") as answer,
    ):
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            ticks += line == "tick"
            if ticks == 3:
                over.set()
    return ticks


@pytest.mark.parametrize("how", ["logged out", "logged in elsewhere too often", "too old"])
async def test_a_stream_ends_with_its_session(how: str) -> None:
    bound = listening("127.0.0.1:0")
    longest_s = 3 if how == "too old" else 3600
    shown = [Route("/stream", stream)]
    site = ConsoleSite(url=url_of(bound), shown=shown, running=True, longest_s=longest_s)
    async with serving(site.app, bound):
        secret = (await site.logged_in("ana")).secret or ""
        flowing = asyncio.Event()
        connection = asyncio.create_task(served(site, secret, flowing))
        async with asyncio.timeout(30):
            await flowing.wait()
            if how == "logged out":
                site.sessions.end(secret)
            elif how == "logged in elsewhere too often":
                for _ in range(8):
                    await site.logged_in("ana")
            assert await connection >= 3
            while still_streaming:
                await asyncio.sleep(0.01)

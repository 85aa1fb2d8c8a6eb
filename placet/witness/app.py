"""The witness over HTTP (C2SP tlog-witness): bytes in, signature lines or a status out.

Knows routes, limits and content types. Must not know how a witness decides.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from placet.audit.witness import MAX_REQUEST_BYTES, SIZE_TYPE, Refusal, WitnessRefused
from placet.witness.witness import Witness

BODY_TIMEOUT_S: Final = 10.0
"""How long a request's body may take to arrive."""
MAX_CONNECTIONS: Final = 256


def application(witness: Witness, about: str) -> Starlette:
    """The witness's HTTP interface; `about` is what a person who opens its address reads."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            text = await _body(request)
            line = await asyncio.to_thread(witness.cosign, text)
        except WitnessRefused as error:
            return _refusal(error)
        return PlainTextResponse(line)

    async def checkpoint(request: Request) -> Response:
        note = witness.newest(request.path_params["origin_hash"])
        if note is None:
            return PlainTextResponse("no checkpoint of such a log was cosigned here\n", 404)
        return PlainTextResponse(note, headers={"Cache-Control": "max-age=1"})

    async def index(_: Request) -> Response:
        return PlainTextResponse(about)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{origin_hash}/checkpoint", checkpoint),
        ]
    )


def serve(witness: Witness, about: str, bound: socket.socket) -> None:
    """Answer on a bound socket until SIGTERM or SIGINT, which is raised again at the end."""
    config = uvicorn.Config(
        application(witness, about),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
    )
    uvicorn.Server(config).run(sockets=[bound])


async def _body(request: Request) -> str:
    """Raises WitnessRefused(MALFORMED) when it is too large, too slow, or not UTF-8."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                received += chunk
                if len(received) > MAX_REQUEST_BYTES:
                    raise WitnessRefused(Refusal.MALFORMED, f"more than {MAX_REQUEST_BYTES} bytes")
        return received.decode()
    except (TimeoutError, ClientDisconnect, UnicodeDecodeError) as error:
        raise WitnessRefused(Refusal.MALFORMED, f"the body is incomplete: {type(error).__name__}") from error


def _refusal(error: WitnessRefused) -> Response:
    if error.size is not None:
        return Response(f"{error.size}\n", error.why, headers={"Content-Type": SIZE_TYPE})
    return PlainTextResponse(f"{error.what}\n", error.why)

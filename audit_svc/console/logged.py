"""One line in the console's log for each page that was asked for: who, what, how it ended, how long it took.

Knows requests from outside. Must not know pages, and never writes what lets somebody in.
"""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECRETS_BELOW: Final = "/enter/"
FILES: Final = "/static/"

_log = structlog.get_logger()


class Logged:
    """Around everything else. A file that was served, or was the same still, is no line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and tell of it."""
        began, status = time.monotonic(), 0

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            _tell(scope, status, time.monotonic() - began)


def _tell(scope: Scope, status: int, took_s: float) -> None:
    path = scope["path"]
    if path.startswith(FILES) and status < 400:
        return
    person, client = scope.get("state", {}).get("person"), scope.get("client")
    _log.info(
        "page",
        method=scope["method"],
        path=SECRETS_BELOW if path.startswith(SECRETS_BELOW) else path,
        status=status,
        elapsed_ms=round(took_s * 1000, 1),
        person=person.name if person else "",
        peer=client[0] if client else "",
    )

"""What every answer says to the browser, and what is refused before anything is looked at.

Knows headers. Must not know sessions or pages.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audit_svc.console.site import Site

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""A browser runs the console's own files and nothing else, whatever a page holds."""
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all, a browser would not say where a form is from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""An answer that has a header of that name already keeps it."""
STRICT_TRANSPORT: Final = "max-age=31536000"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
METHODS: Final = SAFE_METHODS | {"POST"}


class Hardened:
    """Around the whole application: its headers, and no request that is for or from another site."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let the application answer."""
        if scope["type"] != "http":
            raise RuntimeError(f"the console speaks HTTP only, not {scope['type']}")

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._harden(MutableHeaders(scope=message))
            await send(message)

        app = self._refusal(scope["method"], Headers(scope=scope)) or self._app
        await app(scope, receive, send_hardened)

    def _harden(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        # Of several policies a browser keeps to all: a page's own makes it stricter, never laxer.
        headers.append("Content-Security-Policy", POLICY)
        if self._site.secure:
            headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    def _refusal(self, method: str, headers: Headers) -> ASGIApp | None:
        if headers.get("host") != self._site.host:  # a foreign name that was pointed at this address
            return PlainTextResponse(f"this is {self._site.origin}\n", 421)
        if method not in METHODS:
            return PlainTextResponse("the console takes GET, HEAD and POST\n", 405)
        if method not in SAFE_METHODS and not _is_own(headers, self._site.origin):
            return PlainTextResponse("a form of another site cannot act here\n", 403)
        return None


def _is_own(headers: Headers, origin: str) -> bool:
    """Whether the browser says that a page of this site sent it. Saying nothing is no."""
    named = headers.get("origin")
    if named is not None:
        return named == origin
    return headers.get("sec-fetch-site") == "same-origin"

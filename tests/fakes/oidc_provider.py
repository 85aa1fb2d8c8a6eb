"""An OpenID Connect provider that answers as it is told to: the right token, or one that proves nothing."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from placet.http_server import serving

CLIENT, SECRET = "placet-console", "known to the two of them"
Forge = Callable[["OidcProvider", dict[str, Any]], dict[str, Any]]


@cache
def rsa_key(kid: str) -> RSAKey:
    """The key of that id: making one takes longer than all that is done with it."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class OidcProvider:
    """`subject` is who logs in; `forge` changes what the token's answer would have been."""

    issuer: str = ""
    subject: str = "ana"
    algorithms: tuple[str, ...] = ("RS256",)
    forge: Forge | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    """What the client sent for each token."""
    key: RSAKey = field(default_factory=lambda: rsa_key("1"))

    @contextmanager
    def in_thread(self) -> Iterator[OidcProvider]:
        """On loopback, until the block ends; in a loop of its own, so that a file's tests share it."""
        loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

        async def serve() -> None:
            async with self.serving():
                ready.set()
                await stop.wait()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(10)
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()

    def honest(self) -> OidcProvider:
        """Itself, as it began."""
        self.subject, self.algorithms, self.forge, self.metadata = "ana", ("RS256",), None, {}
        self.asked.clear()
        return self

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[OidcProvider]:
        """On loopback, until the block ends."""
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )
        async with serving(app, "127.0.0.1:0") as url:
            self.issuer = url
            yield self

    def claims(self) -> dict[str, Any]:
        """What an honest token says."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """A token by the provider's own key."""
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    def signed_by_secret(self, claims: dict[str, Any]) -> str:
        """A token by the client's secret, which others may know."""
        key = OctKey.import_key(SECRET)
        registry = jws.JWSRegistry(algorithms=["HS256"])
        return jwt.encode({"alg": "HS256", "kid": "1"}, claims, key, registry=registry)

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": list(self.algorithms),
                **self.metadata,
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            self.asked.append({name: str(value) for name, value in form.items()})
        answer = {"access_token": "a", "token_type": "Bearer", "id_token": self.signed(self.claims())}
        if self.forge:
            answer = self.forge(self, answer)
        return Response(json.dumps(answer), media_type="application/json")

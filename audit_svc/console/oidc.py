"""Single sign-on: an OpenID Connect provider says who somebody is (authorization code, PKCE, state, nonce).

Knows one provider. Must not know roles or sessions: it gives a name or a refusal. What the provider's answer
leads through the browser is untrusted until its signature, issuer, audience, nonce and time are checked.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

import grpc
import httpx2
import structlog
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from audit_svc.access import Role
from audit_svc.console.sign_on import BEGIN, DONE, Provider, SignedOn, SignOn, SignOnRefused
from audit_svc.console.site import Site
from placet.rpc.errors import ServiceError

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make; none that the client's secret makes, and not `none`."""
TIMEOUT_S: Final = 10.0
LEEWAY_S: Final = 60
LASTS_S: Final = 600
"""How long somebody may take at the provider."""

_log = structlog.get_logger()


class OpenId(SignOn):
    """The way to the provider and back."""

    def __init__(self, provider: Provider, site: Site) -> None:
        self._provider, self._site = provider, site
        registry = OAuth()
        registry.register(
            "provider",
            client_cls=_Client,
            client_id=provider.client_id,
            client_secret=provider.secret,
            server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": provider.scope, "code_challenge_method": "S256", "timeout": TIMEOUT_S},
        )
        self._client: Any = registry.create_client("provider")
        self._client.issuer = provider.issuer

    def middleware(self) -> Middleware:
        """Keep state, nonce and verifier in a signed cookie of the browser that began."""
        return Middleware(
            SessionMiddleware,
            secret_key=secrets.token_urlsafe(32),
            session_cookie=self._site.cookie_for("sign-on"),
            max_age=LASTS_S,
            path=BEGIN,
            same_site="lax",  # it must come back from the provider's site
            https_only=self._site.secure,
        )

    async def begin(self, request: Request, then: str) -> Response:
        """See SignOn.begin."""
        request.session["then"] = then
        try:
            answer: Response = await self._client.authorize_redirect(request, self._site.origin + DONE)
        except (httpx2.HTTPError, ValueError, RuntimeError) as error:
            raise _silent(error) from error
        return answer

    async def finish(self, request: Request) -> SignedOn:
        """See SignOn.finish."""
        then = str(request.session.get("then", "/"))
        required = {
            "iss": {"essential": True, "value": self._provider.issuer},
            "aud": {"essential": True, "value": self._provider.client_id},
        }
        try:
            token = await self._client.authorize_access_token(
                request, claims_options=required, leeway=LEEWAY_S
            )
        except httpx2.HTTPError as error:
            raise _silent(error) from error
        except Exception as error:  # whatever is wrong with the answer, it proves nothing
            _log.warning("sign_on_refused", kind=type(error).__name__, error=str(error))
            raise SignOnRefused(f"the provider's answer does not hold ({type(error).__name__})") from error
        finally:
            request.session.clear()
        claims = token.get("userinfo") or {}
        return SignedOn(self._name(claims), then, self._role(claims))

    def _name(self, claims: Mapping[str, object]) -> str:
        claim = self._provider.name_claim
        value = claims.get(claim)
        if not isinstance(value, str) or not value:
            raise SignOnRefused(f"the provider's answer does not say who it is about ({claim})")
        if self._provider.people is None:
            return value
        if value not in self._provider.people:
            raise SignOnRefused("you are not among those whom the console's administrators have named")
        return self._provider.people[value]

    def _role(self, claims: Mapping[str, object]) -> Role | None:
        """The highest role that one of the groups gives."""
        groups = claims.get(self._provider.groups_claim)
        known = self._provider.roles
        named = [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else []
        return max((known[group] for group in named if group in known), default=None)


class _Client(StarletteOAuth2App):  # type: ignore[misc]  # the library has no types
    """Authlib's, for one issuer and for signatures of the provider's own key only."""

    issuer = ""

    async def load_server_metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = await super().load_server_metadata()
        if metadata.get("issuer") != self.issuer:
            self.server_metadata.clear()
            raise ValueError(f"it calls itself {metadata.get('issuer')!r}, not {self.issuer!r}")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            algorithm for algorithm in ALGORITHMS if algorithm in offered
        ]
        return metadata


def _silent(error: Exception) -> ServiceError:
    _log.error("sign_on_unavailable", kind=type(error).__name__, error=str(error))
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "SIGN_ON_UNAVAILABLE",
        "The single sign-on provider does not answer as it should; try again, or look at the console's log.",
    )

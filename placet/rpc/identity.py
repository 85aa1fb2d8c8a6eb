"""Who is calling, and whether that peer may call this method.

An identity is the single URI SAN of the client certificate, which mutual TLS has verified. Knows
names and patterns; knows no service. Silence is a no: a method that no list names is for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import grpc

from placet.rpc.errors import ServiceError

TRUST_DOMAIN = "placet.local"

Kind = Literal["svc", "caller", "reviewer"]

AllowList = Mapping[str, frozenset[str]]
"""Full method name ("/placetpb.guard.v1.GuardService/Review") to patterns ("svc/generator", "caller/*")."""

OPEN_TO_PEERS = ("/grpc.health.v1.Health/", "/grpc.reflection.")
"""What every peer with a certificate of ours may call: it tells nothing but names and health."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


@dataclass(frozen=True)
class Caller:
    """An authenticated peer: its URI, and the URI's two parts."""

    uri: str
    kind: Kind
    name: str

    @property
    def path(self) -> str:
        """What patterns are compared with, like "svc/guard"."""
        return f"{self.kind}/{self.name}"


def service_uri(name: str) -> str:
    """URI of one of our services; raises ValueError on a name that is not [A-Za-z0-9._-]{1,64}."""
    return _uri("svc", name)


def caller_uri(name: str) -> str:
    """URI of a product team's backend or of a person's command line."""
    return _uri("caller", name)


def reviewer_uri(name: str) -> str:
    """URI of one of the security staff."""
    return _uri("reviewer", name)


@lru_cache(maxsize=1024)
def parse_uri(uri: str) -> Caller:
    """The caller that a URI names; raises ValueError when it is not one of ours."""
    prefix = f"spiffe://{TRUST_DOMAIN}/"
    kind, _, name = uri.removeprefix(prefix).partition("/")
    if not uri.startswith(prefix) or kind not in get_args(Kind) or not _NAME.match(name):
        raise ValueError(f"{uri!r} is not spiffe://{TRUST_DOMAIN}/(svc|caller|reviewer)/NAME")
    return Caller(uri, kind, name)  # type: ignore[arg-type]  # checked against Kind's own values


def caller_of(context: grpc.aio.ServicerContext[Any, Any]) -> Caller:
    """The peer of an RPC.

    Raises:
        ServiceError: UNAUTHENTICATED/CALLER_UNKNOWN unless the peer's verified certificate names
            exactly one URI, and that is one of ours.
    """
    uris = [uri.decode(errors="replace") for uri in context.auth_context().get("peer_uri", ())]
    try:
        (uri,) = uris
        return parse_uri(uri)
    except ValueError:
        raise ServiceError(
            grpc.StatusCode.UNAUTHENTICATED,
            "CALLER_UNKNOWN",
            f"The client certificate must name one spiffe://{TRUST_DOMAIN}/ URI; it names {uris or 'none'}.",
        ) from None


def is_pattern(text: str) -> bool:
    """Whether it is what patterns are: a path, like "svc/guard", or a kind, like "caller/*"."""
    kind, _, name = text.partition("/")
    return kind in get_args(Kind) and (name == "*" or _NAME.match(name) is not None)


def may_call(allow: AllowList, method: str, caller: Caller) -> bool:
    """Whether a list lets a caller call a method: by its exact path or by "kind/*"."""
    if method.startswith(OPEN_TO_PEERS):
        return True
    patterns = allow.get(method, frozenset())
    return caller.path in patterns or f"{caller.kind}/*" in patterns


def authorize(allow: AllowList, method: str, caller: Caller) -> None:
    """Raise PERMISSION_DENIED/CALLER_NOT_ALLOWED unless the caller may call the method."""
    if not may_call(allow, method, caller):
        raise ServiceError(
            grpc.StatusCode.PERMISSION_DENIED,
            "CALLER_NOT_ALLOWED",
            f"{caller.path} may not call {method}. Whoever runs this service can add it to the allow-list.",
            metadata={"caller": caller.path, "method": method},
        )


def acting_for(peer: Caller, on_behalf_of: str) -> Caller:
    """The caller for whom it is: the peer, or whom the generator acts for, which has authenticated them.

    Raises ServiceError: PERMISSION_DENIED/ON_BEHALF_NOT_ALLOWED, INVALID_ARGUMENT/ON_BEHALF_INVALID.
    """
    if not on_behalf_of:
        return peer
    if peer.uri != service_uri("generator"):
        raise ServiceError(
            grpc.StatusCode.PERMISSION_DENIED,
            "ON_BEHALF_NOT_ALLOWED",
            f"{peer.path} may not act for others; leave on_behalf_of empty.",
        )
    try:
        bare = "/" not in on_behalf_of
        caller = parse_uri(caller_uri(on_behalf_of) if bare else on_behalf_of)
        if caller.kind == "svc":
            raise ValueError("a service is nobody to act for")  # noqa: TRY301  (same answer as a bad URI)
        return caller
    except ValueError as error:
        raise ServiceError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "ON_BEHALF_INVALID",
            f"on_behalf_of must be a caller's URI or name: {error}",
        ) from None


def _uri(kind: Kind, name: str) -> str:
    uri = f"spiffe://{TRUST_DOMAIN}/{kind}/{name}"
    parse_uri(uri)
    return uri

"""The way in through somebody who knows who people are: what a provider is told and what it must answer.

Knows addresses and names of its own protocol only. Must not know how a provider is asked (oidc.py), or roles.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from audit_svc.access import Role

BEGIN: Final = "/login/oidc"
DONE: Final = "/login/oidc/done"


class SignOnRefused(Exception):  # noqa: N818 - named for the answer
    """The provider's answer proves nothing; the message says what is wrong with it."""


@dataclass(frozen=True)
class Provider:
    """What the provider knows the console by, and how it names people. `secret` is one."""

    issuer: str
    client_id: str
    secret: str
    name_claim: str = "sub"
    people: Mapping[str, str] | None = None
    """Value of the claim → name here; None: the value is the name."""
    groups_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Group → the role of whoever is in it."""
    scope: str = "openid"


@dataclass(frozen=True)
class SignedOn:
    """Who came back from the provider, and the page that they had asked for."""

    name: str
    then: str
    role: Role | None = None
    """By their groups."""


class SignOn(ABC):
    """Part of a console that has a provider. What comes back through a browser is untrusted until checked."""

    @abstractmethod
    def middleware(self) -> Middleware:
        """What must be around the pages `BEGIN` and `DONE`."""

    @abstractmethod
    async def begin(self, request: Request, then: str) -> Response:
        """Send the browser to the provider; `then` is the page to show afterwards. Raises ServiceError."""

    @abstractmethod
    async def finish(self, request: Request) -> SignedOn:
        """Who came back. Raises SignOnRefused and ServiceError."""


def people_of(text: str) -> dict[str, str]:
    """The file of PLACET_CONSOLE_OIDC_PEOPLE_FILE: a YAML mapping. Raises ValueError."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"the file of people is no YAML: {error}") from error
    if not isinstance(found, dict) or not all(
        isinstance(value, str) and isinstance(name, str) for value, name in found.items()
    ):
        raise ValueError("the file of people is no YAML mapping of a claim's value to a name, both in quotes")
    if len(set(found.values())) != len(found):
        raise ValueError("the file of people gives two accounts the same name")
    return found

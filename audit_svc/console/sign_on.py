"""The way in through somebody who knows who people are: what a provider is told and what it must answer.

Knows addresses and names of its own protocol only. Must not know how a provider is asked (oidc.py), or roles.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

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


class SignOn(ABC):
    """Part of a console that has a provider. What comes back through a browser is untrusted until checked."""

    @abstractmethod
    def middleware(self) -> Middleware:
        """What must be around the pages `BEGIN` and `DONE`."""

    @abstractmethod
    async def begin(self, request: Request, then: str) -> Response:
        """Send the browser to the provider; `then` is the page to show afterwards. Raises ServiceError."""

    @abstractmethod
    async def finish(self, request: Request) -> tuple[str, str]:
        """Who came back, and the page to show. Raises SignOnRefused and ServiceError."""


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

"""SandboxClaims of one front, over the Kubernetes API: list, make, put off, delete. Four verbs.

Knows HTTP and paths. Must not know how many claims there should be.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import structlog

from executor_svc.fleet.claimed import FRONT_LABEL, Claim, claim_of, new_claim, put_off

PATH: Final = "/apis/extensions.agents.x-k8s.io/v1beta1/namespaces/{namespace}/sandboxclaims"
TIMEOUT_S: Final = 10.0
_GONE: Final = 404

_log = structlog.get_logger()


class ApiFailed(Exception):  # noqa: N818 - named for what happened
    """The Kubernetes API did not do what it was asked."""


class _Token(httpx2.Auth):
    """The account's token, read for each request: the cluster replaces it every hour."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        request.headers["Authorization"] = f"Bearer {self._path.read_text().strip()}"
        yield request


@dataclass(frozen=True)
class Place:
    """Where claims are made, and for whom."""

    api: str
    namespace: str
    warm_pool: str
    front: str
    """This pod's name, which its claims carry as a label."""


class ClaimApi:
    """Close it. Every method raises ApiFailed."""

    def __init__(self, place: Place, *, token: Path, ca: Path | None) -> None:
        self._place, self._claims = place, place.api + PATH.format(namespace=place.namespace)
        # Neither a proxy nor a certificate of the environment's: both would see the token.
        self._http = httpx2.Client(
            auth=_Token(token),
            verify=ssl.create_default_context(cafile=ca) if ca else True,
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def claims(self) -> list[Claim]:
        """This front's; one that cannot be read is none, and is told."""
        answer = self._ask("GET", params={"labelSelector": f"{FRONT_LABEL}={self._place.front}"})
        found = []
        for item in answer.get("items") or ():
            try:
                if item["metadata"]["labels"][FRONT_LABEL] == self._place.front:
                    found.append(claim_of(item))
            except (KeyError, TypeError, ValueError) as error:
                _log.warning("claim_unreadable", error=str(error)[:200])
        return found

    def make(self, expires: datetime) -> None:
        """One more."""
        self._ask("POST", json=new_claim(self._place.front, self._place.warm_pool, expires))

    def put_off(self, name: str, expires: datetime) -> None:
        """Let it live until then."""
        merge = {"Content-Type": "application/merge-patch+json"}
        self._ask("PATCH", f"/{name}", json=put_off(expires), headers=merge)

    def delete(self, name: str) -> None:
        """With its sandbox and pod. One that is gone already is deleted."""
        self._ask("DELETE", f"/{name}")

    def _ask(self, method: str, path: str = "", **request: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, self._claims + path, **request)
            if answer.status_code == _GONE and path:
                return {}
            answer.raise_for_status()
            body = answer.json()
        except (httpx2.HTTPError, OSError, ValueError) as error:
            raise ApiFailed(f"{method} {self._place.namespace}/sandboxclaims{path}: {error}") from error
        if not isinstance(body, dict):
            raise ApiFailed(f"{method}: the answer is no object")
        return body

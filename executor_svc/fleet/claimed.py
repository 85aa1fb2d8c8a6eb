"""Which SandboxClaims a front should have: what to make, put off and delete, and where its workers are.

Knows claims as values, and the time. Must not know HTTP: what the API says is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final

FRONT_LABEL: Final = "placet.dev/front"
_OVER: Final = frozenset({"ClaimExpired", "SandboxExpired"})
"""Reasons of a claim that is not ready and will not be again."""


@dataclass(frozen=True)
class Claim:
    """One SandboxClaim of this front."""

    name: str
    expires: datetime | None
    ready_at: str = ""
    """The worker's IP address; empty while there is none that is ready."""
    ended: bool = False
    """Its worker has ended, or it has expired."""
    going: bool = False
    """Somebody has deleted it, and the API has not finished doing so."""


@dataclass(frozen=True)
class Plan:
    """What brings the claims to what they should be."""

    make: int
    put_off: tuple[str, ...]
    delete: tuple[str, ...]
    addresses: tuple[str, ...]
    """Of workers that are ready: IP addresses, sorted."""


def plan(claims: Sequence[Claim], wanted: int, now: datetime, lifetime: timedelta) -> Plan:
    """A worker that ended is replaced; a claim that nobody's worker answers for is let expire."""
    kept = [claim for claim in claims if not claim.going and not claim.ended]
    kept.sort(key=lambda claim: (not claim.ready_at, claim.name))
    kept, surplus = kept[:wanted], kept[wanted:]
    return Plan(
        make=wanted - len(kept),
        put_off=tuple(c.name for c in kept if c.ready_at and _half_over(c, now, lifetime)),
        delete=tuple(claim.name for claim in claims if claim in surplus or (claim.ended and not claim.going)),
        addresses=tuple(sorted({claim.ready_at for claim in kept if claim.ready_at})),
    )


def claim_of(item: Mapping[str, Any]) -> Claim:
    """A claim as the API tells it. Raises KeyError, TypeError or ValueError when it is not one."""
    about, lifecycle = item["metadata"], item["spec"].get("lifecycle") or {}
    status = item.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    ready, finished = conditions.get("Ready", {}), conditions.get("Finished", {})
    expires = lifecycle.get("shutdownTime")
    addresses = (status.get("sandbox") or {}).get("podIPs") or ()
    return Claim(
        name=about["name"],
        expires=datetime.fromisoformat(expires) if expires else None,
        ready_at=_pod_address(addresses[0]) if ready.get("status") == "True" and addresses else "",
        ended=finished.get("status") == "True" or ready.get("reason") in _OVER,
        going="deletionTimestamp" in about,
    )


def new_claim(front: str, warm_pool: str, expires: datetime) -> dict[str, Any]:
    """What is asked of the API: a worker of the pool, that goes by itself when nobody puts it off."""
    return {
        "apiVersion": "extensions.agents.x-k8s.io/v1beta1",
        "kind": "SandboxClaim",
        "metadata": {"generateName": "worker-", "labels": {FRONT_LABEL: front}},
        "spec": {"warmPoolRef": {"name": warm_pool}, **_until(expires)},
    }


def put_off(expires: datetime) -> dict[str, Any]:
    """A merge patch that lets a claim live until then."""
    return {"spec": _until(expires)}


def _until(expires: datetime) -> dict[str, Any]:
    # Delete, not the default: a claim that is kept would keep its name and count.
    return {"lifecycle": {"shutdownTime": f"{expires:%Y-%m-%dT%H:%M:%SZ}", "shutdownPolicy": "Delete"}}


def _half_over(claim: Claim, now: datetime, lifetime: timedelta) -> bool:
    return claim.expires is None or claim.expires - now < lifetime / 2


def _pod_address(text: str) -> str:
    """An address that a pod can have. Raises ValueError: a front must not be sent to itself or to a node."""
    address = ip_address(text)
    if address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast:
        raise ValueError(f"{text} is no pod's address")
    return str(address)

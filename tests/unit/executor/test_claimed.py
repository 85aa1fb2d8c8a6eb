"""Which SandboxClaims a front should have (docs/kubernetes.md, agent-sandbox)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor_svc.fleet.claimed import Claim, claim_of, new_claim, plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIFETIME = timedelta(minutes=10)
FRESH = NOW + LIFETIME


def claim(name: str, **fields: Any) -> Claim:
    return Claim(**{"name": name, "expires": FRESH, "ready_at": "10.0.0.1", **fields})


def test_what_is_missing_is_made() -> None:
    made = plan([claim("a")], 3, NOW, LIFETIME)
    assert (made.make, made.delete, made.put_off) == (2, (), ())


def test_the_claim_of_a_worker_that_ended_is_deleted_and_replaced() -> None:
    made = plan([claim("a", ended=True), claim("b", ready_at="10.0.0.2")], 2, NOW, LIFETIME)
    assert (made.make, made.delete, made.addresses) == (1, ("a",), ("10.0.0.2",))


def test_a_claim_that_somebody_deletes_counts_no_longer_and_is_not_deleted_again() -> None:
    made = plan([claim("a", going=True), claim("b", going=True, ended=True)], 1, NOW, LIFETIME)
    assert (made.make, made.delete, made.addresses) == (1, (), ())


def test_a_claim_is_put_off_when_half_its_time_is_over() -> None:
    soon = NOW + LIFETIME / 2 - timedelta(seconds=1)
    made = plan([claim("a"), claim("b", expires=soon), claim("c", expires=None)], 3, NOW, LIFETIME)
    assert made.put_off == ("b", "c")


def test_a_claim_without_a_ready_worker_is_let_expire() -> None:
    """So one that never becomes ready is replaced, without anybody judging why."""
    made = plan([claim("a", ready_at="", expires=NOW + timedelta(seconds=1))], 1, NOW, LIFETIME)
    assert (made.make, made.put_off, made.addresses) == (0, (), ())


def test_of_too_many_those_go_that_are_not_ready() -> None:
    made = plan([claim("a", ready_at=""), claim("b"), claim("c", ready_at="10.0.0.3")], 2, NOW, LIFETIME)
    assert (made.delete, made.addresses) == (("a",), ("10.0.0.1", "10.0.0.3"))


CLAIMS = st.lists(
    st.builds(
        Claim,
        name=st.uuids().map(str),
        expires=st.none() | st.just(FRESH) | st.just(NOW),
        ready_at=st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
        ended=st.booleans(),
        going=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda claim: claim.name,
)


@given(CLAIMS, st.integers(1, 6))
def test_after_a_round_there_are_as_many_as_wanted(claims: list[Claim], wanted: int) -> None:
    made = plan(claims, wanted, NOW, LIFETIME)
    alive = [claim for claim in claims if not claim.going and claim.name not in made.delete]
    assert len(alive) + made.make == wanted
    assert not any(claim.ended for claim in alive)
    assert set(made.put_off) <= {claim.name for claim in alive}
    assert set(made.addresses) <= {claim.ready_at for claim in alive}


def item(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "worker-x"},
        "spec": new_claim("f", "worker", FRESH)["spec"],
        "status": status,
    }


def ready(status: str, reason: str = "DependenciesReady") -> dict[str, str]:
    return {"type": "Ready", "status": status, "reason": reason}


def test_a_claim_is_read_as_agent_sandbox_writes_it() -> None:
    sandbox = {"name": "worker-abc", "podIPs": ["10.0.0.9", "fd00::9"]}
    assert claim_of(item(conditions=[ready("True")], sandbox=sandbox)) == Claim("worker-x", FRESH, "10.0.0.9")
    assert claim_of(item(conditions=[ready("False")], sandbox=sandbox)).ready_at == ""
    assert claim_of(item(conditions=[ready("True")])).ready_at == ""
    assert claim_of({**item(), "status": None}) == Claim("worker-x", FRESH)


@pytest.mark.parametrize(
    "conditions",
    [
        [{"type": "Finished", "status": "True", "reason": "PodSucceeded"}],
        [{"type": "Finished", "status": "True", "reason": "PodFailed"}],
        [ready("False", "ClaimExpired")],
        [ready("False", "SandboxExpired")],
    ],
)
def test_a_claim_whose_worker_is_over_has_ended(conditions: list[dict[str, str]]) -> None:
    assert claim_of(item(conditions=conditions)).ended


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "workers.example.com", "10.0.0.1:22"],
)
def test_what_is_no_pods_address_is_not_believed(address: str) -> None:
    """agent-sandbox 3: a front is not sent to itself, to a node or to a name."""
    with pytest.raises(ValueError):
        claim_of(item(conditions=[ready("True")], sandbox={"podIPs": [address]}))

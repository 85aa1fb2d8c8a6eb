"""Attack: a front that was broken into sends a worker what no guard approved (docs/workers.md §2.1).

The front vouches for everything: it holds the lease, names a run on record, and asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from executor_svc.sandbox import InputFile
from placet.approval import ScopeRef, SigningKey
from placet.rpc.errors import ServiceError
from tests.fakes.approvals import LIMITS, tampered
from tests.fakes.workers import Ground, Order, Worker, leased, run

PAST = datetime.now(UTC) - timedelta(hours=1)
GIVEN, OTHER = InputFile.of("given.csv", b"a\n1\n"), InputFile.of("given.csv", b"a\n2\n")


def another_program(ground: Ground) -> Order:
    return replace(ground.order("print(1)"), program=b"print(2)")


def another_s_signature(ground: Ground) -> Order:
    good, other = ground.order("print(1)"), json.loads(ground.order("print(2)").approval)
    changed = tampered(good.approval, lambda envelope: envelope.update(signatures=other["signatures"]))
    return replace(good, approval=changed)


def with_a_decision_of_nobody(ground: Ground) -> Order:
    order = ground.order("print(1)")
    return replace(order, approval=order.approval + b"\n" + order.approval)


FORGED: dict[str, Callable[[Ground], Order]] = {
    "PROGRAM_EMPTY": lambda ground: ground.order(""),
    "APPROVAL_MALFORMED": lambda ground: replace(ground.order("print(1)"), approval=b"{}"),
    "APPROVAL_KEY_UNKNOWN": lambda ground: ground.order("print(1)", key=SigningKey.generate()),
    "APPROVAL_SIGNATURE_INVALID": another_s_signature,
    "APPROVAL_AUDIENCE_WRONG": lambda ground: ground.order("print(1)", audience=("elsewhere",)),
    "APPROVAL_EXPIRED": lambda ground: ground.order(
        "print(1)", issued_at=PAST, expires_at=PAST + timedelta(minutes=5)
    ),
    "APPROVAL_DIGEST_MISMATCH": another_program,
    "APPROVAL_INPUT_CHANGED": lambda ground: replace(ground.order("print(1)", [GIVEN]), inputs=(OTHER,)),
    "APPROVAL_INPUT_MISSING": lambda ground: replace(ground.order("print(1)", [GIVEN]), inputs=()),
    "APPROVAL_INPUT_EXTRA": lambda ground: replace(ground.order("print(1)"), inputs=(GIVEN,)),
    "APPROVAL_SCOPE_UNKNOWN": lambda ground: ground.order(
        "print(1)", scope=ScopeRef("data-analysis", 3, b"\7" * 32)
    ),
    "APPROVAL_LIMITS_EXCEEDED": lambda ground: ground.order("print(1)", limits=replace(LIMITS, wall_s=601)),
    "APPROVAL_TIER_TOO_LOW": lambda ground: ground.order("print(1)", min_tier="T3"),
    "APPROVAL_DECISION_UNFIT": with_a_decision_of_nobody,
}


@pytest.mark.parametrize("reason", FORGED)
async def test_a_worker_runs_nothing_that_was_not_approved(
    ground: Ground, worker: Worker, reason: str
) -> None:
    """Refused for its own reason; the worker stays as fresh as it was, for nothing ran on it."""
    lives = worker.lives()
    async with worker.as_peer() as stub, leased(stub) as hold:
        with pytest.raises(ServiceError) as error:
            await run(stub, hold.granted.lease_id, FORGED[reason](ground))

    assert error.value.reason == reason
    assert worker.lives() == lives


async def test_a_revocation_holds_at_the_worker_too(ground: Ground, worker: Worker) -> None:
    """From the next run on, whatever the front has read."""
    order = ground.order("print(1)")
    revoked = ground.directory / "keys" / "revoked.txt"
    async with worker.as_peer() as stub, leased(stub) as hold:
        revoked.write_text(f"{ground.key_id}\n")
        try:
            with pytest.raises(ServiceError) as error:
                await run(stub, hold.granted.lease_id, order)
        finally:
            revoked.unlink()

    assert error.value.reason in {"APPROVAL_KEY_REVOKED", "APPROVAL_SIGNATURE_INVALID"}

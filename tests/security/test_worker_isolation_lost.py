"""Attack: a worker whose self-test does not pass is asked for a lease (docs/workers.md §1.6)."""

from __future__ import annotations

import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.worker_here import worker_with
from tests.fakes.workers import Ground, Worker, free_port, leased, run


async def test_a_worker_without_isolation_is_nobody_s(ground: Ground) -> None:
    """And one that loses it takes no more runs, tells its front, and is let go."""
    sandbox = FakeSandbox()
    order = ground.order("print(1)")
    async with worker_with(ground, sandbox) as (stub, tenancy), leased(stub) as hold:
        sandbox.tier = ""
        tenancy.look()
        ending = await hold.ending()
        with pytest.raises(ServiceError) as closed:
            await run(stub, hold.granted.lease_id, order)
        with pytest.raises(ServiceError) as refused:
            async with leased(stub):
                pass

    assert ending == "ISOLATION_LOST"
    assert closed.value.reason in {"LEASE_ENDING", "LEASE_UNKNOWN"}
    assert (refused.value.code.name, refused.value.reason) == ("UNAVAILABLE", "ISOLATION_LOST")
    assert sandbox.runs == []


async def test_a_worker_below_its_tier_does_not_start(ground: Ground) -> None:
    """Exit code 3, and it has served nobody."""
    worker = Worker(ground, "below", free_port(), {"MIN_TIER": "T2"})
    worker.launch()
    code = await worker.ended()

    assert code == 3, worker.said()
    assert worker.lives() == 0
    assert "no permitted isolation tier works here" in worker.said()

"""Attack: a run on a worker that the front does not hold (docs/workers.md §1.3)."""

from __future__ import annotations

import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.workers import Ground, Worker, leased, run


async def test_a_run_needs_an_open_lease(ground: Ground, worker: Worker) -> None:
    """No id, a guessed one while another front holds it, and one that was good until a moment ago."""
    order = ground.order("print(1)")
    reasons = []
    async with worker.as_peer() as stub:
        async with leased(stub) as hold:
            over = hold.granted.lease_id
            for guess in (b"", bytes(16), over[:-1], over + b"\0"):
                with pytest.raises(ServiceError) as error:
                    await run(stub, guess, order)
                reasons.append(error.value.reason)
        async with leased(stub, "another"):
            with pytest.raises(ServiceError) as error:
                await run(stub, over, order)
            reasons.append(error.value.reason)

    assert reasons == ["LEASE_UNKNOWN"] * 5

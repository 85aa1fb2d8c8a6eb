"""What a worker's process shows over HTTP (docs/metrics.md) through a lease and into its next life."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.approvals import OTHER_KEY
from tests.fakes.metering import Samples, read
from tests.fakes.workers import Ground, free_port, leased, run


def value(shown: Samples, name: str, **labels: str) -> float:
    return shown.get((name, frozenset(labels.items())), 0)


async def test_a_worker_shows_its_lease_its_runs_and_what_it_refused_and_begins_anew(ground: Ground) -> None:
    """In its next life it answers at the same place, is ready again, and has counted nothing yet."""
    port = free_port()
    with ground.workers("shown", metrics_listen=f"127.0.0.1:{port}") as (worker,):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:

            async def shown() -> Samples:
                return read((await http.get("/metrics")).text)

            free = await shown()
            async with worker.as_peer() as stub, leased(stub) as hold:
                await run(stub, hold.granted.lease_id, ground.order("print(1)"))
                with pytest.raises(ServiceError, match="APPROVAL_KEY_UNKNOWN"):
                    await run(stub, hold.granted.lease_id, ground.order("print(2)", key=OTHER_KEY))
                held = await shown()
            await worker.life(2)
            async with asyncio.timeout(60):
                while (await http.get("/readyz")).status_code != 200:
                    await asyncio.sleep(0.05)
            anew = await shown()

    runs_left = [value(each, "placet_worker_runs_left") for each in (free, held, anew)]
    assert [value(each, "placet_worker_leased") for each in (free, held, anew)] == [0, 1, 0]
    assert value(held, "placet_worker_runs_total", status="EXITED") == 1
    assert value(held, "placet_worker_refusals_total", reason="APPROVAL_KEY_UNKNOWN") == 1
    assert runs_left == [runs_left[0], runs_left[0] - 1, runs_left[0] - 1]
    assert value(held, "placet_sandbox_tier") == value(anew, "placet_sandbox_tier") >= 0
    assert value(held, "placet_sandbox_cell_arming_duration_seconds_count") > 0
    assert value(anew, "placet_worker_runs_total", status="EXITED") == 0

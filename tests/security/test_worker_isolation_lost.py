"""Attack: a worker whose self-test does not pass is asked for a lease (docs/workers.md §1.6)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
import pytest
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc.places import Here
from executor_svc.worker.__main__ import ALLOW
from executor_svc.worker.judge import WorkerJudge
from executor_svc.worker.servicer import SERVICE, WorkerServicer
from executor_svc.worker.tenancy import Tenancy, Terms
from placet.rpc.errors import ServiceError
from tests.fakes.approvals import CEILING
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.rpc import serving
from tests.fakes.workers import FRONT, Ground, Worker, free_port, leased, run


@asynccontextmanager
async def worker_with(ground: Ground, sandbox: FakeSandbox):
    """A worker's servicer in this process, on a sandbox that breaks when told to."""
    tenancy = Tenancy(Terms(1, 9, 1e9), tier=lambda: sandbox.tier, clock=lambda: 0.0)
    judge = WorkerJudge(
        ground.trust().load, lambda: sandbox.tier, lambda: datetime.now(UTC), "local", CEILING
    )
    servicer = WorkerServicer(tenancy=tenancy, here=Here(sandbox), judge=judge)

    def register(server: grpc.aio.Server) -> list[str]:
        worker_pb2_grpc.add_WorkerServiceServicer_to_server(servicer, server)
        return [SERVICE]

    async with (
        serving(ground.authority, "worker", register=register, allow=ALLOW) as server,
        server.as_peer(FRONT) as channel,
    ):
        yield worker_pb2_grpc.WorkerServiceStub(channel), tenancy


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

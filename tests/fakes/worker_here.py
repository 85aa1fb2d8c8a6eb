"""A worker's servicer in this process, on a sandbox that is a fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc.places import Here
from executor_svc.worker.__main__ import ALLOW
from executor_svc.worker.judge import WorkerJudge
from executor_svc.worker.servicer import SERVICE, WorkerServicer
from executor_svc.worker.tenancy import Tenancy, Terms
from tests.fakes.approvals import CEILING
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.rpc import serving
from tests.fakes.workers import FRONT, Ground


@asynccontextmanager
async def worker_with(
    ground: Ground, sandbox: FakeSandbox
) -> AsyncIterator[tuple[worker_pb2_grpc.WorkerServiceStub, Tenancy]]:
    """A front's stub, and who holds the worker."""
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

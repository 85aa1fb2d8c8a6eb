"""Attack: a second tenant wants a worker that another one has (docs/workers.md §1.1)."""

from __future__ import annotations

import pytest
from placetpb.worker.v1 import worker_pb2 as pb

from placet.rpc.errors import ServiceError
from tests.fakes.workers import Worker, leased, told


async def test_a_held_worker_is_nobody_else_s(worker: Worker) -> None:
    """Not by the same front, and not by naming the same tenant; a tenant without a name gets none at all."""
    async with worker.as_peer() as stub, leased(stub, "one"):
        reasons = []
        for tenant in ("another", "one"):
            with pytest.raises(ServiceError) as error:
                async with leased(stub, tenant):
                    pass
            reasons.append(error.value.reason)
        with pytest.raises(ServiceError) as nameless:
            await told(stub.Lease(pb.LeaseRequest(tenant=b"")).read())

    assert nameless.value.reason == "TENANT_INVALID"
    assert reasons == ["WORKER_LEASED"] * 2

"""Attack: somebody else than the front calls a worker (docs/workers.md §1.2)."""

from __future__ import annotations

import pytest
from placetpb.worker.v1 import worker_pb2 as pb

from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.fakes.workers import FRONT, Ground, Worker, leased, run, told

OTHERS = [
    service_uri("generator"),
    service_uri("guard"),
    service_uri("audit"),
    service_uri("worker"),
    caller_uri("executor"),
    reviewer_uri("executor"),
]


@pytest.mark.parametrize("uri", OTHERS)
async def test_only_the_front_is_answered(ground: Ground, worker: Worker, uri: str) -> None:
    """No lease, no run in a lease that the front has, and not even a description."""
    async with worker.as_peer(FRONT) as front, leased(front) as hold, worker.as_peer(uri) as other:
        refused = []
        for attempt in (
            other.Lease(pb.LeaseRequest(tenant=b"t" * 32)).read(),
            run(other, hold.granted.lease_id, ground.order("print(1)")),
            other.DescribeWorker(pb.DescribeWorkerRequest()),
        ):
            with pytest.raises(ServiceError) as error:
                await told(attempt)
            refused.append(error.value.reason)

    assert refused == ["CALLER_NOT_ALLOWED"] * 3

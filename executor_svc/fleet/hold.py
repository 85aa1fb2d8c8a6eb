"""One worker that this front holds: the open call, what was granted with it, and the runs on it.

Knows how a lease begins and how it ends. A hold has a connection of its own, so that nothing of the worker's
last life, and no certificate of before, is met again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import grpc
from placetpb.worker.v1 import worker_pb2 as pb
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc import messages
from executor_svc.admission import RunPermit
from executor_svc.fleet.known import NOTHING, Offer
from executor_svc.fleet.remote import RemoteRun
from executor_svc.fleet.roster import Lease
from executor_svc.sandbox import RunResult
from executor_svc.sandbox.types import OnCancelled, OnOutput
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

SERVER: Final = "worker"
SILENT: Final = "WORKER_SILENT"
GRANT_TIMEOUT_S: Final = 2.0
"""How long a worker may take to answer; it grants or refuses at once."""

LeaseCall = grpc.aio.UnaryStreamCall[pb.LeaseRequest, pb.LeaseResponse]


@dataclass(eq=False)
class Hold(Lease):
    """A lease with the way to its worker."""

    address: str = ""
    offer: Offer = NOTHING
    lease_id: bytes = b""
    channel: grpc.aio.Channel | None = None
    call: LeaseCall | None = None

    async def run(self, permit: RunPermit, on_output: OnOutput, on_cancelled: OnCancelled) -> RunResult:
        """As `Place.run`; also raises NotBegun."""
        assert self.channel is not None
        stub = worker_pb2_grpc.WorkerServiceStub(self.channel)
        return await RemoteRun(permit, on_output, on_cancelled).perform(stub, self.lease_id)

    async def watch(self, on_ending: Callable[[str], None]) -> None:
        """Return when the lease is over; tell when the worker wants it to be."""
        assert self.call is not None
        with contextlib.suppress(grpc.aio.AioRpcError, grpc.aio.BaseError):
            message: Any
            while (message := await self.call.read()) is not grpc.aio.EOF:
                if message.WhichOneof("event") == "ending":
                    on_ending(message.ending.reason)

    async def close(self) -> None:
        """End the lease. What still runs on it is killed. Idempotent."""
        if self.call is not None:
            self.call.cancel()
        if self.channel is not None:
            await self.channel.close()


async def take(address: str, tls: TlsFiles, tenant: str) -> Hold:
    """Lease the worker at `address`.

    Raises:
        ServiceError: it will not be had, or cannot be reached.
        OSError, ValueError: the files of `tls` cannot be read.
    """
    channel = connect(address, tls, server=SERVER)
    try:
        call = worker_pb2_grpc.WorkerServiceStub(channel).Lease(
            pb.LeaseRequest(tenant=hashlib.sha256(tenant.encode()).digest())
        )
        granted = (await asyncio.wait_for(_first(call), GRANT_TIMEOUT_S)).granted
    except BaseException as error:
        await channel.close()
        if isinstance(error, TimeoutError):
            raise ServiceError(
                grpc.StatusCode.DEADLINE_EXCEEDED, SILENT, f"{address} does not answer"
            ) from error
        raise
    offer = _offer(granted)
    return Hold(
        tenant,
        max(1, granted.concurrent_runs),
        stages=offer.stages,
        address=address,
        offer=offer,
        lease_id=granted.lease_id,
        channel=channel,
        call=call,
    )


async def describe(address: str, tls: TlsFiles) -> Offer:
    """What the worker at `address` offers. Raises as `take`."""
    async with connect(address, tls, server=SERVER) as channel:
        stub = worker_pb2_grpc.WorkerServiceStub(channel)
        try:
            found = await stub.DescribeWorker(pb.DescribeWorkerRequest(), timeout=GRANT_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise ServiceError.from_rpc(error) from error
    return _offer(found)


def _offer(told: pb.LeaseGranted | pb.DescribeWorkerResponse) -> Offer:
    tier = messages.tier_of(told.tier)
    return Offer(tier, tuple(told.isolation), tuple(told.libraries), frozenset(told.stages))


async def _first(call: LeaseCall) -> pb.LeaseResponse:
    try:
        message: Any = await call.read()
    except grpc.aio.AioRpcError as error:
        raise ServiceError.from_rpc(error) from error
    if message is grpc.aio.EOF or message.WhichOneof("event") != "granted":
        raise ServiceError(grpc.StatusCode.INTERNAL, "WORKER_ODD", "it answered a lease with something else")
    found: pb.LeaseResponse = message
    return found

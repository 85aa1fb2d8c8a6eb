"""Workers that grant every lease and run nothing: each says what a test has it say, and no more.

async with house(ground, Odd(GOOD), Odd(says(BEGUN))) as front: ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2
from placetpb.worker.v1 import worker_pb2 as pb
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc.fleet.discovery import Given
from executor_svc.fleet.fleet import Fleet, Patience
from executor_svc.sandbox import InputFile
from executor_svc.worker.__main__ import ALLOW
from executor_svc.worker.servicer import SERVICE
from placet.rpc.errors import ServiceError
from tests.fakes.rpc import serving
from tests.fakes.workers import Front, Ground

Behaviour = Callable[["Odd", Any, Any], Awaitable[None]]
USAGE = common_pb2.Usage(wall_ms=5, cpu_ms=3)


@dataclass
class Odd(worker_pb2_grpc.WorkerServiceServicer):
    """A worker that grants every lease and runs nothing: it behaves."""

    behave: Behaviour
    tier: str = "TIER_T1"
    stages: tuple[str, ...] = ()
    """None: as of a worker that is older than stages."""
    runs: int = 0
    cancelled: int = 0
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def Lease(self, request: pb.LeaseRequest, context: Any) -> None:  # noqa: N802
        granted = pb.LeaseGranted(
            lease_id=b"l" * 16, tier=self.tier, concurrent_runs=1, runs_left=9, stages=self.stages
        )
        await context.write(pb.LeaseResponse(granted=granted))
        await self.lost.wait()

    async def Run(self, requests: Any, context: Any) -> None:  # noqa: N802
        self.runs += 1
        await self.behave(self, requests, context)

    async def DescribeWorker(self, request: Any, context: Any) -> pb.DescribeWorkerResponse:  # noqa: N802
        return pb.DescribeWorkerResponse(
            tier=self.tier, isolation=["odd"], libraries=["a==1"], stages=self.stages
        )

    def register(self, server: grpc.aio.Server) -> list[str]:
        worker_pb2_grpc.add_WorkerServiceServicer_to_server(self, server)
        return [SERVICE]


def says(*events: pb.RunResponse, then: Exception | None = None) -> Behaviour:
    """A worker that says these, whatever it is asked."""

    async def behave(_: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        for event in events:
            await context.write(event)
        if then is not None:
            raise then

    return behave


def output(data: bytes, stream: int = common_pb2.OUTPUT_STREAM_STDOUT) -> pb.RunResponse:
    return pb.RunResponse(output=executor_pb2.Output(stream=stream, data=data))


def left(*files: tuple[str, bytes]) -> pb.RunResponse:
    artifacts = [
        common_pb2.Artifact(name=name, sha256=InputFile.of(name, content).sha256, size=len(content))
        for name, content in files
    ]
    return pb.RunResponse(left=pb.RunLeft(artifacts=artifacts))


def sent(name: str, data: bytes) -> pb.RunResponse:
    return pb.RunResponse(artifact=executor_pb2.ArtifactChunk(name=name, data=data))


BEGUN = pb.RunResponse(begun=pb.RunBegun())
NOTHING = left()
ENDED = pb.RunResponse(ended=pb.RunEnded(status="RUN_STATUS_EXITED", exit_code=0, usage=USAGE))
UNAVAILABLE = ServiceError(grpc.StatusCode.UNAVAILABLE, "ISOLATION_LOST", "told to")
GOOD = says(BEGUN, output(b"good\n"), NOTHING, ENDED)


@asynccontextmanager
async def house(
    ground: Ground, *workers: Odd, wait_s: float = 10, idle_s: float = 0, lease_s: float = 3600
) -> AsyncIterator[Front]:
    """A front that has these workers."""
    async with AsyncExitStack() as stack:
        addresses = [
            (
                await stack.enter_async_context(
                    serving(ground.authority, "worker", register=worker.register, allow=ALLOW)
                )
            ).address
            for worker in workers
        ]
        stack.callback(lambda: [worker.lost.set() for worker in workers])
        patience = Patience(wait_s, idle_s, lease_s)
        fleet = Fleet(Given(frozenset(addresses)), ground.authority.service("executor"), patience)
        front = Front(await stack.enter_async_context(fleet), ground.trust())
        yield front
        await front.runner.settle()

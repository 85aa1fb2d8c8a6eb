"""`python -m executor_svc` with workers: the wiring, from environment variables to a run on one of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb
from placetpb.executor.v1 import executor_pb2_grpc

from placet.rpc.channel import connect
from placet.rpc.identity import caller_uri
from tests.fakes.memory_log import MemoryLog
from tests.fakes.rpc import serving
from tests.fakes.workers import START_S, Ground, Order, Worker

AUDIT = "placetpb.audit.v1.AuditService"


@dataclass
class Log(audit_pb2_grpc.AuditServiceServicer):
    """An audit service that remembers."""

    memory: MemoryLog = field(default_factory=MemoryLog)

    async def Append(self, request: audit_pb2.AppendRequest, context: Any) -> audit_pb2.AppendResponse:  # noqa: N802
        found = await self.memory.append(
            request.kind,
            json.loads(request.body_json),
            request_id=request.request_id,
            bodies={body.role: body.content for body in request.bodies},
            idempotency_key=request.idempotency_key,
        )
        return audit_pb2.AppendResponse(
            index=found.index, leaf_hash=found.leaf_hash, checkpoint=found.checkpoint
        )

    async def AppendStream(self, request_iterator: Any, context: Any) -> None:  # noqa: N802
        async for request in request_iterator:
            appended = await self.Append(request.append, context)
            await context.write(audit_pb2.AppendStreamResponse(number=request.number, appended=appended))

    def register(self, server: grpc.aio.Server) -> list[str]:
        audit_pb2_grpc.add_AuditServiceServicer_to_server(self, server)
        return [AUDIT]


@asynccontextmanager
async def front(
    ground: Ground, audit: str, directory: Path, workers: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, once it has a worker."""
    tls = ground.authority.service("executor")
    settings = {
        "LISTEN": f"unix:{directory}/s",
        "READY_FILE": directory / "ready",
        "TLS_CA": tls.ca,
        "TLS_CERT": tls.cert,
        "TLS_KEY": tls.key,
        "AUDIT_ADDRESS": audit,
        "KEYS_DIR": ground.directory / "keys",
        "SCOPES_DIR": ground.directory / "scopes",
        "WORKERS": workers,
        "WORKER_WAIT_S": START_S,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "executor_svc"),
        env={**os.environ, **{f"PLACET_EXECUTOR_{k}": str(v) for k, v in settings.items()}},
    )
    try:
        async with asyncio.timeout(START_S):
            while not (directory / "ready").exists():
                assert process.returncode is None
                await asyncio.sleep(0.02)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def messages(order: Order) -> list[pb.ExecuteRequest]:
    chunks = [pb.ExecuteRequest(chunk=chunk) for chunk in order.chunks()]
    return [pb.ExecuteRequest(header=order.header()), *chunks]


async def test_a_front_runs_programs_on_its_worker(ground: Ground, worker: Worker, tmp_path: Path) -> None:
    """It needs no interpreter of its own, describes the pool, records, answers, and ends when told to."""
    log, lives = Log(), worker.lives()
    allow = {f"/{AUDIT}/{method}": frozenset({"svc/executor"}) for method in ("Append", "AppendStream")}
    async with (
        serving(ground.authority, "audit", register=log.register, allow=allow) as audit,
        front(ground, audit.address, tmp_path, worker.address) as process,
        connect(
            f"unix:{tmp_path}/s", ground.authority.peer(caller_uri("team")), server="executor"
        ) as channel,
    ):
        stub = executor_pb2_grpc.ExecutorServiceStub(channel)
        events = [event async for event in stub.Execute(iter(messages(ground.order("print(6 * 7)"))))]
        pool = await stub.DescribePool(pb.DescribePoolRequest())
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), START_S)
    await worker.life(lives + 1)

    first, *outputs, last = events
    assert [event.WhichOneof("event") for event in (first, last)] == ["started", "finished"]
    assert b"".join(event.output.data for event in outputs) == b"42\n"
    assert first.started.tier == last.finished.tier == pool.tier != common_pb2.TIER_UNSPECIFIED
    assert pool.isolation[0] == "1 workers, 1 of them held here"
    assert log.memory.kinds() == ["run_started", "run_finished"]
    assert log.memory.of("run_started")[0].body["caller"] == caller_uri("team")
    assert code == 0

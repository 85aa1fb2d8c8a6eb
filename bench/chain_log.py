"""The log as the chain's services meet it, for `bench.chain`: appends over gRPC, so many at a time.

Each record is a verdict with its program and findings, as a Solve leaves one. Knows the append client. Must
not know Solve or run.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from bench.chain_services import Chain
from bench.chaining import PROGRAM
from placet.audit.client import GrpcAuditLog
from placet.local.client import client_tls
from placet.rpc.channel import connect
from placet.rpc.identity import caller_uri

WRITERS: Final = (1, 16, 256)
CHANNELS: Final = 4
_SCOPE: Final = {"name": "data-analysis", "version": 4, "sha256": "5" * 64}


@dataclass(frozen=True)
class Appends:
    """What so many writers reached. `cpu_s` is the audit service's."""

    writers: int
    done: int
    seconds: float
    cpu_s: float


async def appends(chain: Chain, writers: int, seconds: float) -> Appends:
    """So many writers, each sends its next record when its last one is durable. Raises ServiceError."""
    tls, done = client_tls(chain.layout, "guard"), 0
    async with AsyncExitStack() as opened:
        address = chain.endpoint.addresses["audit"]
        channels = [
            await opened.enter_async_context(connect(address, tls, server="audit")) for _ in range(CHANNELS)
        ]
        logs = [GrpcAuditLog(channel, streams=True) for channel in channels]

        async def write(log: GrpcAuditLog) -> None:
            nonlocal done
            while time.perf_counter() < started + seconds:
                await _append(log)
                done += 1

        cpu, started = chain.cpu()["audit"], time.perf_counter()
        await asyncio.gather(*(write(logs[number % CHANNELS]) for number in range(writers)))
        took = time.perf_counter() - started
    return Appends(writers, done, took, chain.cpu()["audit"] - cpu)


async def _append(log: GrpcAuditLog) -> None:
    program = f"# {os.urandom(8).hex()}\n{PROGRAM}".encode()
    body = {
        "verdict": "ALLOWED",
        "program_sha256": hashlib.sha256(program).hexdigest(),
        "scope": _SCOPE,
        "decided_by": "rules+reviewer",
        "findings": [],
        "findings_sha256": hashlib.sha256(b"[]").hexdigest(),
        "caller": caller_uri("local"),
    }
    bodies = {"program": program, "findings": b"[]"}
    await log.append("verdict_reached", body, request_id=os.urandom(8).hex(), bodies=bodies)

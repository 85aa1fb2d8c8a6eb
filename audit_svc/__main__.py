"""The audit service: wiring only."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import grpc
import uvloop
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.anchor import Anchor, LogInconsistent
from audit_svc.batch import Draft
from audit_svc.erasure import Sweeper
from audit_svc.joining import join
from audit_svc.leading import beat, lead
from audit_svc.policy import ENDLESS, SERVICE, allow_list
from audit_svc.publication import publication
from audit_svc.sequencer import Sequencer
from audit_svc.servicer import AuditServicer
from audit_svc.settings import AuditSettings
from audit_svc.store.postgres import PostgresStore
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Store, StoreFailed
from placet.audit.checkpoint import LogSigner
from placet.audit.reader import LogReader, LogUnreadable
from placet.audit.reader_postgres import open_log
from placet.environment import load
from placet.rpc import metrics
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri
from placet.rpc.server import serve
from placet.rpc.telemetry import configure_logging


async def main(settings: AuditSettings) -> None:
    """Serve until told to stop. Raises LogInconsistent, StoreFailed, OSError or ValueError."""
    signer = LogSigner.load(settings.log_key, settings.origin)
    anchor = Anchor(settings.checkpoint_file)
    await join(anchor, signer.verifier, settings.peers, settings.tls)
    sequencer = Sequencer(open_store(settings.log), signer, anchor, quotas=settings.quotas)
    settled = asyncio.Event()
    working = asyncio.create_task(work(settings, sequencer, settled))
    try:
        await unless_ended(working, settled.wait())
        with open_log(settings.log) as reader:
            await unless_ended(working, answer(settings, sequencer, reader))
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await sequencer.close()


def open_store(log: Path | str) -> Store:
    """The writing side of a SQLite file, or of a PostgreSQL database. Raises StoreFailed and ValueError."""
    return SqliteStore(log) if isinstance(log, Path) else PostgresStore(log)


async def answer(settings: AuditSettings, sequencer: Sequencer, reader: LogReader) -> None:
    """The gRPC service, until told to stop. It answers while it stands by, if only to say so."""

    def register(server: grpc.aio.Server) -> list[str]:
        servicer = AuditServicer(sequencer, reader, settings.roles)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(servicer, server)
        return [SERVICE]

    async def healthy() -> bool:
        return sequencer.healthy

    async def ready() -> bool:
        return sequencer.healthy or sequencer.standing_by

    await serve(
        name="audit",
        listen=settings.listen,
        tls=settings.tls,
        allow=allow_list(settings.roles.patterns),
        register=register,
        ready_file=settings.ready_file,
        turnover=settings.turnover,
        health_check=healthy,
        ready_check=ready,
        endless=ENDLESS,
        metrics=show(settings, sequencer),
    )


def show(settings: AuditSettings, sequencer: Sequencer) -> metrics.Shown:
    """What this process shows; the sequencer's numbers are read when somebody asks."""
    metrics.LOG_WAITING.set_function(lambda: sequencer.waiting)
    metrics.LOG_SIZE.set_function(lambda: sequencer.head.size)
    metrics.LOG_LEADER.set_function(lambda: sequencer.healthy)
    metrics.LOG_AHEAD.set_function(lambda: sequencer.ahead_s)
    metrics.LOG_STOPPED.set_function(lambda: sequencer.stopped)
    metrics.LOG_WITNESSED.set_function(lambda: witnessed_size(sequencer.witnessed))
    witnesses = metrics.WITNESSES if settings.witness_policy else ()
    return metrics.Shown(settings.metrics_listen, metrics.LOG + witnesses)


def witnessed_size(checkpoint: str) -> int:
    """Records under a checkpoint of ours, whose second line is their number; 0 without one."""
    return int(checkpoint.splitlines()[1]) if checkpoint else 0


async def work(settings: AuditSettings, sequencer: Sequencer, settled: asyncio.Event) -> None:
    """Lead the log as soon as nobody else does; then record the start, heartbeats and erasures that are due.

    `settled` is set once it is clear that this process leads, or stands by. Ends by failing only.
    """
    await lead(sequencer, settled)
    with open_log(settings.log) as public, open_log(settings.log) as swept:
        async with publication(settings, sequencer, public):
            await sequencer.append(Draft("log_started", "", service_uri("audit"), {"size": 0}))
            settled.set()
            sweeper = Sweeper(sequencer.append, swept, settings.retention)
            await asyncio.gather(beat(sequencer, settings.heartbeat_s), sweeper.run())


async def unless_ended(working: asyncio.Task[None], waited: Coroutine[Any, Any, object]) -> None:
    """Await something, but no longer than the work goes on. Raises what ended the work."""
    task = asyncio.create_task(waited)
    try:
        await asyncio.wait({task, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    task.result()


if __name__ == "__main__":
    configure_logging("audit")
    try:
        uvloop.run(main(load(AuditSettings)))
    except (LogInconsistent, StoreFailed, LogUnreadable, OSError, ValueError, ServiceError) as error:
        sys.exit(f"The audit log does not go on. {error}")

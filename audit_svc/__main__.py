"""The audit service: wiring only."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

import grpc
import structlog
import uvloop
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.anchor import Anchor, LogInconsistent
from audit_svc.batch import Draft
from audit_svc.policy import SERVICE, allow_list
from audit_svc.sequencer import Sequencer
from audit_svc.servicer import AuditServicer
from audit_svc.settings import AuditSettings
from audit_svc.store import Store, StoreFailed
from placet.audit.checkpoint import LogSigner
from placet.audit.reader import LogReader
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri
from placet.rpc.server import serve
from placet.rpc.settings import load
from placet.rpc.telemetry import configure_logging

_log = structlog.get_logger()

RETRY_S: Final = 1.0
"""How often a log that could not be written is tried again."""


async def main(settings: AuditSettings) -> None:
    """Serve until told to stop. Raises LogInconsistent, StoreFailed, OSError or ValueError before serving."""
    signer = LogSigner.load(settings.log_key, settings.origin)
    sequencer = Sequencer(Store(settings.database), signer, Anchor(settings.checkpoint_file))
    await sequencer.open()
    await sequencer.append(Draft("log_started", "", service_uri("audit"), {"size": 0}))
    beating = asyncio.create_task(beat(sequencer, settings.heartbeat_s))
    reader = LogReader(settings.database)

    def register(server: grpc.aio.Server) -> list[str]:
        servicer = AuditServicer(sequencer, reader)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(servicer, server)
        return [SERVICE]

    async def healthy() -> bool:
        return sequencer.healthy

    try:
        await serve(
            name="audit",
            listen=settings.listen,
            tls=settings.tls,
            allow=allow_list(settings.reader_patterns),
            register=register,
            ready_file=settings.ready_file,
            health_check=healthy,
            endless=[f"/{SERVICE}/TailRecords"],
        )
    finally:
        beating.cancel()
        await sequencer.close()
        reader.close()


async def beat(sequencer: Sequencer, period_s: float) -> None:
    """Record that nothing happened, whenever nothing did for `period_s` seconds.

    While the log cannot be written the heartbeat is tried every second: it is how a log that has room
    again, or whose disk is back, becomes healthy without waiting for somebody's append.
    """
    size, since = sequencer.tree.size, time.monotonic()
    while True:
        await asyncio.sleep(min(RETRY_S, period_s))
        if sequencer.tree.size > size:
            size, since = sequencer.tree.size, time.monotonic()
        if sequencer.healthy and time.monotonic() - since < period_s:
            continue
        try:
            await sequencer.append(Draft("heartbeat", "", service_uri("audit"), {"size": size}))
        except ServiceError as error:
            _log.warning("heartbeat_failed", reason=error.reason)


if __name__ == "__main__":
    configure_logging("audit")
    try:
        uvloop.run(main(load(AuditSettings)))
    except (LogInconsistent, StoreFailed, OSError, ValueError, ServiceError) as error:
        sys.exit(f"The audit log does not start. {error}")

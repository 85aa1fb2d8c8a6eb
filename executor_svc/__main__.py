"""The executor's wiring: settings → log, places, trust → runner → servicer → server."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
import uvloop
from placetpb.executor.v1 import executor_pb2_grpc

from executor_svc.fleet.discovery import source
from executor_svc.fleet.fleet import Fleet, Patience
from executor_svc.gate import Gate
from executor_svc.opening import opened
from executor_svc.places import Here, Places
from executor_svc.run import Runner
from executor_svc.sandbox import SandboxUnavailable
from executor_svc.servicer import SERVICE, ExecutorServicer
from executor_svc.settings import ExecutorSettings
from executor_svc.shown import show_sandbox
from executor_svc.trust import TrustFiles
from placet.audit.client import GrpcAuditLog
from placet.environment import load
from placet.rpc import metrics
from placet.rpc.channel import connect
from placet.rpc.health import Patient, serves
from placet.rpc.identity import AllowList
from placet.rpc.server import serve
from placet.rpc.telemetry import configure_logging

ALLOW: AllowList = {
    # Who calls does not matter for what may run: the approval decides. So every peer of ours may ask.
    f"/{SERVICE}/Execute": frozenset({"svc/generator", "caller/*", "reviewer/*"}),
    f"/{SERVICE}/DescribePool": frozenset({"svc/*", "caller/*", "reviewer/*"}),
}


async def main(settings: ExecutorSettings) -> None:
    """Serve until SIGTERM; then drain, write what is left to record, and remove every sandbox."""
    async with (
        connect(settings.audit_address, settings.tls, server="audit") as audit,
        _places(settings) as (places, families),
    ):
        await _serve(settings, places, audit, metrics.EXECUTOR + families)


@asynccontextmanager
async def _places(settings: ExecutorSettings) -> AsyncIterator[tuple[Places, metrics.Families]]:
    """Where programs run, and what is shown of it."""
    if settings.workers:
        patience = Patience(settings.worker_wait_s, settings.lease_idle_s, settings.lease_s)
        async with Fleet(source(settings.workers), settings.tls, patience) as fleet:
            yield fleet, metrics.FLEET
        return
    assert settings.sandbox_python is not None  # the settings see to it
    async with opened(settings, settings.sandbox_python) as sandbox:
        yield Here(sandbox), show_sandbox(sandbox, min_tier=settings.min_tier)


async def _serve(
    settings: ExecutorSettings, places: Places, audit: grpc.aio.Channel, families: metrics.Families
) -> None:
    metrics.RUNS_CAPACITY.set(settings.max_concurrent_runs)
    metrics.RUNS_QUEUE_CAPACITY.set(settings.max_queued_runs)
    trust = TrustFiles(settings.keys_dir, settings.scopes_dir)
    runner = Runner(
        log=GrpcAuditLog(audit, streams=True),
        places=places,
        trust=trust.load,
        clock=lambda: datetime.now(UTC),
        audience=settings.audience,
        ceiling=settings.ceiling,
        kept_figures_bytes=settings.kept_figures_kib * 1024,
    )
    servicer = ExecutorServicer(
        runner=runner,
        places=places,
        gate=Gate(
            running=settings.max_concurrent_runs,
            queued=settings.max_queued_runs,
            rest_s=settings.rest_after_limit_s,
        ),
        audience=settings.audience,
        ceiling=settings.ceiling,
    )

    def register(server: grpc.aio.Server) -> list[str]:
        executor_pb2_grpc.add_ExecutorServiceServicer_to_server(servicer, server)
        return [SERVICE]

    log_serves = Patient(lambda: serves(audit, "audit"))

    async def healthy() -> bool:
        trust.load()
        return bool(places.tier) and await log_serves()

    await serve(
        name="executor",
        listen=settings.listen,
        tls=settings.tls,
        allow=ALLOW,
        register=register,
        ready_file=settings.ready_file,
        turnover=settings.turnover,
        health_check=healthy,
        metrics=metrics.Shown(settings.metrics_listen, families),
    )
    await runner.settle()


def run() -> int:
    """The process: exit code 2 for unusable settings (see `load`), 3 when no sandbox works here."""
    settings = load(ExecutorSettings)
    configure_logging("executor")
    try:
        uvloop.run(main(settings))
    except SandboxUnavailable as error:
        print(f"executor: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(run())

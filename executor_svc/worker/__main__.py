"""A worker's wiring: settings → sandbox, trust → judge, tenancy → servicer → server, and then its next life.

It opens no connection: whatever it needs comes with the call that asks for it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime

import grpc
import structlog
import uvloop
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc.opening import opened
from executor_svc.places import Here
from executor_svc.sandbox import Sandbox, SandboxUnavailable
from executor_svc.shown import show_sandbox
from executor_svc.trust import TrustFiles
from executor_svc.worker import life
from executor_svc.worker.judge import WorkerJudge
from executor_svc.worker.life import LeftOver, Life
from executor_svc.worker.servicer import SERVICE, WorkerServicer
from executor_svc.worker.settings import WorkerSettings
from executor_svc.worker.tenancy import Next, Tenancy, Terms
from placet.environment import load
from placet.rpc import metrics
from placet.rpc.identity import AllowList
from placet.rpc.server import Turnover, serve
from placet.rpc.telemetry import configure_logging

ALLOW: AllowList = {
    f"/{SERVICE}/{method}": frozenset({"svc/executor"}) for method in ("Lease", "Run", "DescribeWorker")
}
LONGEST_LEASE_S = 7 * 24 * 3600.0
"""A lease ends with its front or its worker; no time limit of the server's must come before."""
LOOK_S = 1.0

_log = structlog.get_logger()


async def main(settings: WorkerSettings, lived: Life) -> Tenancy:
    """Serve until a lease that ran anything is over, or until SIGTERM; nothing of the sandbox is left then.

    What comes next is to be asked of it once the event loop is closed, which may hear a SIGTERM until then.
    """
    async with opened(settings, settings.sandbox_python) as sandbox:
        tenancy = _tenancy(settings, lived, sandbox)
        looking = asyncio.create_task(_look(tenancy))
        await _serve(settings, sandbox, tenancy)
        looking.cancel()
    life.keep_told()
    return tenancy


def _tenancy(settings: WorkerSettings, lived: Life, sandbox: Sandbox) -> Tenancy:
    terms = Terms(
        concurrent_runs=settings.max_concurrent_runs,
        runs_left=settings.replace_after_runs - lived.runs,
        until=lived.since + settings.replace_after_hours * 3600,
    )
    return Tenancy(terms, tier=lambda: sandbox.tier, clock=time.monotonic)


async def _serve(settings: WorkerSettings, sandbox: Sandbox, tenancy: Tenancy) -> None:
    trust = TrustFiles(settings.keys_dir, settings.scopes_dir)
    judge = WorkerJudge(
        trust=trust.load,
        tier=lambda: sandbox.tier,
        clock=lambda: datetime.now(UTC),
        audience=settings.audience,
        ceiling=settings.ceiling,
    )
    servicer = WorkerServicer(tenancy=tenancy, here=Here(sandbox), judge=judge)

    def register(server: grpc.aio.Server) -> list[str]:
        worker_pb2_grpc.add_WorkerServiceServicer_to_server(servicer, server)
        return [SERVICE]

    async def healthy() -> bool:
        trust.load()
        return bool(sandbox.tier)

    await serve(
        name="worker",
        listen=settings.listen,
        tls=settings.tls,
        allow=ALLOW,
        register=register,
        ready_file=settings.ready_file,
        health_check=healthy,
        turnover=Turnover(drain_s=settings.drain_s),  # its fronts are told by their leases, at once
        max_rpc_s=LONGEST_LEASE_S,
        on_signal=tenancy.stop,
        on_stop=tenancy.look,
        stop=tenancy.over,
        metrics=_shown(settings, sandbox, tenancy),
    )


def _shown(settings: WorkerSettings, sandbox: Sandbox, tenancy: Tenancy) -> metrics.Shown:
    metrics.WORKER_LEASED.set_function(lambda: tenancy.lease is not None)
    metrics.WORKER_RUNS_LEFT.set_function(lambda: tenancy.runs_left)
    of_sandbox = show_sandbox(sandbox, min_tier=settings.min_tier)
    return metrics.Shown(settings.metrics_listen, metrics.WORKER + of_sandbox)


async def _look(tenancy: Tenancy) -> None:
    """Time passes and self-tests fail without anybody calling."""
    while True:
        tenancy.look()
        await asyncio.sleep(LOOK_S)


def run() -> int:
    """The process, and its exit code.

    0 when it is to be replaced or was told to stop; 2 for unusable settings (see `load`); 3 when no sandbox
    works here; 4 when something of the last lease is left.
    """
    life.heed()
    lived = Life.of(sys.argv[1:])
    settings = load(WorkerSettings)
    configure_logging("worker")
    try:
        life.fresh_scratch(settings.scratch_dir)
        tenancy = uvloop.run(main(settings, lived))
        _log.info("lived", runs=lived.runs + tenancy.runs, next=tenancy.next.name)
        if tenancy.next is Next.ANEW:
            life.require_alone()
            lived.after(tenancy.runs).begin()
    except SandboxUnavailable as error:
        print(f"worker: {error}", file=sys.stderr)
        return 3
    except LeftOver as error:
        print(f"worker: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(run())

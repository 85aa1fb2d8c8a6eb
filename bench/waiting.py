"""What waiting for people costs: `python -m bench.waiting [--quick] [--json]`.

A caller waits for people about a program, a person's approval becomes durable, and the caller runs it: a real
log, a real executor and a real reviewer's key, alone and beside a crowd that waits for something else while
the log grows. Every time is measured from the moment at which the signed approval is sent to the log. A bound
that is missed is told, and is no failure.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
from placetpb.audit.v1 import audit_pb2_grpc

from bench.executor_programs import TRIVIAL
from bench.executor_services import Services, running
from bench.report import Metric, bounded, parser, percentile, plain, publish, say
from guard_svc.proposal import Proposal
from placet.answers import Event, Outcome, RunStarted
from placet.audit.client import NO_BODIES, Appended, GrpcAuditLog
from placet.client import new_request_id
from placet.human_approval import Decision, Reviewer, Vote, approve
from placet.item import item_of
from placet.local.client import client_tls
from placet.local.errors import StackError
from placet.local.layout import Layout
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri

PROGRAM: Final = TRIVIAL.encode()
CROWD: Final = {"full": 900, "quick": 100}
ROUNDS: Final = {"full": 200, "quick": 20}
GROWS_EVERY_S: Final = 0.01
REST_S: Final = 0.05
WAIT_S: Final = 60.0
BOUND_MS: Final = 2000

Samples = dict[str, list[float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when something does not work at all."""
    made = parser("waiting", "How soon a caller that waits goes on after a person's approval.")
    options = made.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as scratch:
        try:
            metrics = asyncio.run(measure("quick" if options.quick else "full", Path(scratch)))
        except (StackError, ServiceError, RuntimeError, OSError) as error:
            say(f"bench.waiting: {type(error).__name__}: {error}")
            return 2
    publish(metrics, as_json=options.json)
    return 0


async def measure(plan: str, state: Path) -> dict[str, Metric]:
    """The figures, over a fresh state directory."""
    found: dict[str, Metric] = {}
    async with running(state, os.environ) as services, _waiting(services, Layout(state)) as waiting:
        say(f"alone: {ROUNDS[plan]} rounds")
        found |= _figures("alone", await waiting.rounds(ROUNDS[plan]))
        say(f"beside {CROWD[plan]} that wait, while the log grows: {ROUNDS[plan]} rounds")
        async with waiting.crowd(CROWD[plan]):
            found |= _figures("beside_crowd", await waiting.rounds(ROUNDS[plan]))
    return found


def _figures(name: str, samples: Samples) -> dict[str, Metric]:
    found = {}
    for what, values in samples.items():
        for percent in (50, 95):
            metric = plain(percentile(values, percent), "ms", len(values))
            asked = percent == 95 and what != "append"
            found[f"{name}_{what}_p{percent}"] = bounded(metric, f"value <= {BOUND_MS}") if asked else metric
    return found


@dataclass
class _Noting:
    """The log as a reviewer reaches it; notes when the signed approval is sent."""

    log: GrpcAuditLog
    sent: float = 0.0
    appended_ms: float = 0.0

    async def append(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        bodies: Mapping[str, bytes] = NO_BODIES,
        idempotency_key: str = "",
    ) -> Appended:
        """See AuditLog.append."""
        self.sent = time.perf_counter()
        done = await self.log.append(
            kind, body, request_id=request_id, bodies=bodies, idempotency_key=idempotency_key
        )
        self.appended_ms = (time.perf_counter() - self.sent) * 1000
        return done


@dataclass
class _Caller:
    """When a caller that waits was told, and when its run had begun."""

    told: float = 0.0
    began: float = 0.0

    async def go(self, services: Services, request_id: str) -> None:
        """Wait, then run. Raises RuntimeError when either does not come about."""
        decided = await services.placet.await_review(PROGRAM, request_id=request_id, wait_s=WAIT_S)
        self.told = time.perf_counter()
        if decided is None or not decided.allowed:
            raise RuntimeError("the approval did not reach the caller that waits")
        result = await services.placet.execute(
            PROGRAM, decided.approval, request_id=request_id, on_event=self._hear
        )
        if result.outcome is not Outcome.DONE:
            raise RuntimeError(f"the approved program ended as {result.outcome}")

    def _hear(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.began = time.perf_counter()


@dataclass(frozen=True)
class _Waiting:
    services: Services
    guard: GrpcAuditLog
    kim: grpc.aio.Channel
    reviewer: Reviewer
    proposal: Proposal = field(repr=False)

    async def rounds(self, count: int) -> Samples:
        """So many approvals, one after the other."""
        samples: Samples = {"append": [], "told": [], "run_started": []}
        for _ in range(count):
            await self._round(samples)
            await asyncio.sleep(REST_S)
        return samples

    async def _round(self, samples: Samples) -> None:
        request_id, caller = new_request_id(), _Caller()
        await self._ask(request_id)
        going = asyncio.create_task(caller.go(self.services, request_id))
        await asyncio.sleep(REST_S)
        sent = await self._approve(request_id)
        await going
        samples["append"].append(sent.appended_ms)
        samples["told"].append((caller.told - sent.sent) * 1000)
        samples["run_started"].append((caller.began - sent.sent) * 1000)

    async def _ask(self, request_id: str) -> None:
        scope = self.proposal.scope
        body = {
            "verdict": "NEEDS_REVIEW",
            "program_sha256": hashlib.sha256(PROGRAM).hexdigest(),
            "scope": {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()},
            "decided_by": "rules+reviewer",
            "findings": [],
            "findings_sha256": hashlib.sha256(b"[]").hexdigest(),
            "task_sha256": hashlib.sha256(b"").hexdigest(),
            "caller": caller_uri("local"),
            **self.proposal.fields(),
        }
        bodies = {"program": PROGRAM, "findings": b"[]", **self.proposal.bodies()}
        await self.guard.append("verdict_reached", body, request_id=request_id, bodies=bodies)

    async def _approve(self, request_id: str) -> _Noting:
        stub = audit_pb2_grpc.AuditServiceStub(self.kim)
        log = _Noting(GrpcAuditLog(self.kim))
        decision = Decision.on(await item_of(stub, request_id, PROGRAM), PROGRAM, "measured", request_id, 300)
        await approve(decision, self.reviewer, log, _no_others)
        return log

    @asynccontextmanager
    async def crowd(self, size: int) -> AsyncIterator[None]:
        """Others that wait for what nobody decides, and a log that grows beside them."""
        names = [new_request_id() for _ in range(size)]
        for name in names:
            await self._ask(name)
        awaiting = self.services.placet.await_review
        tasks = [asyncio.create_task(awaiting(PROGRAM, request_id=n, wait_s=3600)) for n in names]
        growing = asyncio.create_task(self._grow())
        await asyncio.sleep(2.0)
        try:
            yield
        finally:
            for task in (growing, *tasks):
                task.cancel()
            ended = await asyncio.gather(growing, *tasks, return_exceptions=True)
        if failed := [each for each in ended if not isinstance(each, asyncio.CancelledError)]:
            raise RuntimeError(f"the crowd did not wait to the end: {failed[0]!r}")

    async def _grow(self) -> None:
        body = {"reason": "MODEL_UNAVAILABLE", "program_sha256": hashlib.sha256(PROGRAM).hexdigest()}
        while True:
            with suppress(ServiceError):  # the log is busy; it grows all the same
                await self.guard.append("review_failed", body, request_id="")
            await asyncio.sleep(GROWS_EVERY_S)


async def _no_others(_program: str) -> Sequence[Vote]:
    """Every round votes on the same program, and none needs the votes of another."""
    return ()


@asynccontextmanager
async def _waiting(services: Services, layout: Layout) -> AsyncIterator[_Waiting]:
    address = services.endpoint.addresses["audit"]
    async with AsyncExitStack() as opened:
        reviewer = Reviewer.local(layout.state)
        guard, kim = [
            await opened.enter_async_context(connect(address, tls, server="audit"))
            for tls in (client_tls(layout, "guard"), reviewer.tls)
        ]
        proposal = Proposal(services.approver.scope, "", (), (), "local")
        yield _Waiting(services, GrpcAuditLog(guard), kim, reviewer, proposal)


if __name__ == "__main__":
    sys.exit(main())

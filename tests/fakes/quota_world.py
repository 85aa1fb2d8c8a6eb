"""A log with quotas and a clock that only the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from audit_svc.anchor import Anchor
from audit_svc.draft import Draft
from audit_svc.quota import Quotas
from audit_svc.sequencer import Sequencer
from placet.audit.client import Appended
from placet.audit.record import Record
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from tests.fakes.audit_world import EXECUTOR, GENERATOR, GUARD, World, finished, started, verdict

TEAM, OTHER = caller_uri("team"), caller_uri("other")
_ids = count()


def quotas(**patterns: dict[str, int]) -> Quotas:
    """`caller__team={"runs_at_once": 1}`; `__` is the slash, and `caller__any` is `caller/*`."""
    if not patterns:
        return Quotas()
    lines = "".join(
        f"  {name.replace('__', '/').replace('/any', '/*')}: {limits}\n".replace("'", "")
        for name, limits in patterns.items()
    )
    return Quotas.parse(f"apiVersion: placet/v1\nkind: Quotas\nquotas:\n{lines}".encode())


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 29, 12, tzinfo=UTC)

    def __call__(self) -> str:
        return f"{self.now.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Limited:
    """Appends what uses quotas."""

    sequencer: Sequencer
    clock: Clock

    async def task(self, caller: str = TEAM, request_id: str = "", key: str = "") -> Appended:
        body = {"task_sha256": "0" * 64, "caller": caller, "inputs": []}
        return await self.sequencer.append(
            Draft("task_received", request_id or f"r{next(_ids)}", GENERATOR, body, idempotency_key=key)
        )

    async def start(self, caller: str = TEAM, *, wall_s: int = 30) -> tuple[str, Appended]:
        run_id = f"run{next(_ids)}"
        limits = {"wall_s": wall_s}
        body = started(run_id=run_id, approval_id=run_id, caller=caller, limits=limits)
        return run_id, await self.sequencer.append(Draft("run_started", "r", EXECUTOR, body))

    async def end(
        self, run: tuple[str, Appended], caller: str = TEAM, *, cpu_ms: int = 0, kind: str = "run_finished"
    ) -> None:
        ids = {"run_id": run[0], "approval_id": run[0], "caller": caller}
        body = finished(run[1], usage={"cpu_ms": cpu_ms}, **ids)
        aborted = {**ids, "reason": "INTERNAL"}
        await self.sequencer.append(Draft(kind, "r", EXECUTOR, aborted if kind == "run_aborted" else body))

    async def run(self, caller: str = TEAM, *, cpu_ms: int = 0) -> None:
        await self.end(await self.start(caller), caller, cpu_ms=cpu_ms)

    async def write(self, tokens: int, caller: str = TEAM) -> None:
        body = {"program_sha256": "0" * 64, "attempt": 1, "model": "m", "caller": caller}
        used = {"prompt_tokens": tokens - tokens // 4, "completion_tokens": tokens // 4}
        await self.sequencer.append(Draft("program_generated", "r", GENERATOR, body | used))

    async def judge(self, tokens: int, caller: str = TEAM, *, cached: bool = False) -> None:
        used = {"prompt": tokens - 1, "cached": tokens, "completion": 1}
        await self.sequencer.append(
            Draft("verdict_reached", "r", GUARD, verdict(caller=caller, tokens=used, cached=cached))
        )


@dataclass
class QuotaWorld:
    world: World
    quotas: Quotas
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Limited]:
        """A service that leads; everything it knows of before is in the database."""
        sequencer = Sequencer(
            self.world.store(),
            self.world.signer,
            Anchor(self.world.checkpoint),
            clock=self.clock,
            quotas=self.quotas,
        )
        await sequencer.open()
        try:
            yield Limited(sequencer, self.clock)
        finally:
            await sequencer.close()

    def told(self) -> Sequence[tuple[str, str, object]]:
        """Caller's name, limit and count of each `quota_exceeded`."""
        bodies = [Record.decode(e.leaf).body for e in self.world.entries() if e.kind == "quota_exceeded"]
        return [(str(b["caller"]).rpartition("/")[2], str(b["limit"]), b["untold"]) for b in bodies]


def limit_of(error: ServiceError) -> str:
    assert error.reason == "QUOTA_EXCEEDED"
    return error.metadata["limit"]

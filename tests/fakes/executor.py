"""The executor's core on fakes: a runner that a World describes, and a listener for its events."""

from __future__ import annotations

from dataclasses import dataclass, field

from executor_svc.admission import RunPermit
from executor_svc.places import Here
from executor_svc.run import CallerGone, Runner
from placet.audit.client import AuditLog
from tests.fakes.approvals import World
from tests.fakes.fake_sandbox import FakeSandbox


@dataclass
class Listener:
    """RunEvents that keeps everything; `deaf` behaves as a caller that left."""

    deaf: bool = False
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    async def started(self, permit: RunPermit) -> None:
        self.heard.append(("started", permit.start.run_id.encode()))

    async def output(self, stream: str, data: bytes) -> None:
        if self.deaf:
            raise CallerGone("told to")
        self.heard.append((stream, data))


def runner(log: AuditLog, sandbox: FakeSandbox, world: World) -> Runner:
    """A runner in that world; the tier is the sandbox's."""
    return Runner(
        log=log,
        places=Here(sandbox),
        trust=lambda: world.trust,
        clock=lambda: world.now,
        audience=world.pool.audience,
        ceiling=world.pool.ceiling,
        kept_figures_bytes=100_000,
    )

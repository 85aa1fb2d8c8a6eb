"""One approval is one run: again, at the same time, after a restart, after a crash."""

from __future__ import annotations

import asyncio

import pytest

from executor_svc.admission import RunPermit, admit
from placet.approval import ApprovalRefused
from placet.rpc.errors import ServiceError
from tests.fakes.approvals import World
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.memory_log import MemoryLog


async def reason_of(log: MemoryLog, sandbox: FakeSandbox, world: World) -> str:
    """APPROVAL_… when it was refused, else the status it ended with."""
    try:
        finished = await runner(log, sandbox, world).run(world.request, Listener())
    except ApprovalRefused as refusal:
        return refusal.reason
    return finished.result.status.value


async def test_the_second_use_is_refused() -> None:
    """A new runner as well: what is spent is in the log, not in a process."""
    log, sandbox, world = MemoryLog(), FakeSandbox(), World()

    assert await reason_of(log, sandbox, world) == "EXITED"
    assert await reason_of(log, sandbox, world) == "APPROVAL_SPENT"
    assert len(sandbox.runs) == 1


async def test_of_a_hundred_at_once_exactly_one_runs() -> None:
    """Over ten executors that share a log."""
    log, world = MemoryLog(), World()
    sandboxes = [FakeSandbox() for _ in range(10)]
    reasons = await asyncio.gather(*(reason_of(log, sandboxes[i % 10], world) for i in range(100)))

    assert sorted(set(reasons)) == ["APPROVAL_SPENT", "EXITED"]
    assert reasons.count("EXITED") == 1
    assert sum(len(sandbox.runs) for sandbox in sandboxes) == 1
    assert len(log.of("run_started")) == 1


async def test_a_crash_after_the_start_leaves_it_spent() -> None:
    """The sandbox failed, perhaps after the program had acted: never run it again."""
    log, sandbox, world = MemoryLog(), FakeSandbox(), World()
    sandbox.break_down()
    with pytest.raises(ServiceError):
        await runner(log, sandbox, world).run(world.request, Listener())
    sandbox.fail = None

    assert await reason_of(log, sandbox, world) == "APPROVAL_SPENT"


async def test_a_permit_starts_one_run() -> None:
    """Also inside the process."""
    log, world = MemoryLog(), World()
    permit = await admit(world.case, runner(log, FakeSandbox(), world)._spend)
    permit.use()
    with pytest.raises(RuntimeError, match="used"):
        permit.use()


async def test_a_permit_cannot_be_made_by_hand() -> None:
    """Only admit() holds what it takes."""
    log, world = MemoryLog(), World()
    permit = await admit(world.case, runner(log, FakeSandbox(), world)._spend)
    with pytest.raises(TypeError):
        RunPermit(permit.start, permit.record, object())

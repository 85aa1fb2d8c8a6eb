"""The order in which a run becomes durable, and what is on record however it ends."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

import pytest

from executor_svc import run
from executor_svc.admission import RunPermit
from executor_svc.run import CallerGone
from placet.approval import ApprovalRefused
from placet.audit.client import Appended
from placet.rpc.errors import ServiceError
from tests.fakes.approvals import CALLER, LIMITS, PROGRAM, World, foreign
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox, artifact
from tests.fakes.memory_log import MemoryLog

USED = {
    "wall_ms": 12,
    "cpu_ms": 7,
    "max_memory_bytes": 1 << 20,
    "max_threads": 3,
    "stdout_bytes": 3,
    "stderr_bytes": 0,
}
"""By the fake, whatever it ran."""


class SlowLog(MemoryLog):
    """Confirms nothing before it is told to."""

    def __init__(self, slow: str) -> None:
        super().__init__()
        self.slow = slow
        self.asked = asyncio.Event()
        self.confirm = asyncio.Event()

    async def append(self, kind: str, body: Mapping[str, object], **more) -> Appended:
        if kind == self.slow:
            self.asked.set()
            await self.confirm.wait()
        return await super().append(kind, body, **more)


async def test_the_sandbox_gets_nothing_before_the_start_is_durable() -> None:
    log, sandbox, listener, world = SlowLog("run_started"), FakeSandbox(), Listener(), World()
    running = asyncio.create_task(runner(log, sandbox, world).run(world.request, listener))
    await log.asked.wait()
    await asyncio.sleep(0.01)
    before = (list(sandbox.runs), list(listener.heard))
    log.confirm.set()
    await running

    assert before == ([], [])
    assert sandbox.runs
    assert listener.heard[0][0] == "started"


async def test_the_records_say_what_ran() -> None:
    log, world = MemoryLog(), World()
    sandbox = FakeSandbox(stdout=b"out", stderr=b"err", artifacts=(artifact("f.png", b"png"),))
    finished = await runner(log, sandbox, world).run(world.request, Listener())
    started, ended = (record.body for record in log.records)

    assert started["program_sha256"] == hashlib.sha256(PROGRAM).hexdigest()
    assert started["caller"] == CALLER
    assert started["limits"]["wall_s"] == LIMITS.wall_s
    assert started["inputs"][0]["name"] == "sales.csv"
    assert ended["run_id"] == started["run_id"]
    assert ended["started_index"] == 0
    assert ended["stdout_sha256"] == hashlib.sha256(b"out").hexdigest()
    assert ended["artifacts"] == [{"name": "f.png", "sha256": hashlib.sha256(b"png").hexdigest(), "size": 3}]
    assert ended["exit_code"] == 0
    assert "signal" not in ended
    assert finished.record.index == 1


async def test_cancelled_while_the_start_is_recorded_it_is_aborted_on_record() -> None:
    """The approval is spent, nothing ran, and the log does not show a run without an end."""
    log, sandbox, world = SlowLog("run_started"), FakeSandbox(), World()
    core = runner(log, sandbox, world)
    running = asyncio.create_task(core.run(world.request, Listener()))
    await log.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    log.confirm.set()
    await core.settle()

    assert log.kinds() == ["run_started", "run_aborted"]
    assert log.records[1].body["reason"] == "CANCELLED_BEFORE_START"
    assert not sandbox.runs


async def test_cancelled_while_it_runs_it_is_killed_and_recorded() -> None:
    log, sandbox, world = MemoryLog(), FakeSandbox(hang=True), World()
    core = runner(log, sandbox, world)
    running = asyncio.create_task(core.run(world.request, Listener()))
    await sandbox.running.wait()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await core.settle()

    assert sandbox.killed == 1
    assert log.records[-1].body["status"] == "CANCELLED"
    assert log.records[-1].body["usage"] == USED
    assert log.records[-1].bodies == {"stdout": b"42\n"}


async def test_cancelled_before_the_sandbox_has_it_nothing_was_used() -> None:
    class Reluctant(Listener):
        async def started(self, permit: RunPermit) -> None:
            await super().started(permit)
            await asyncio.Event().wait()

    log, sandbox, world, listener = MemoryLog(), FakeSandbox(), World(), Reluctant()
    core = runner(log, sandbox, world)
    running = asyncio.create_task(core.run(world.request, listener))
    while not listener.heard:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await core.settle()

    ended = log.records[-1].body
    assert not sandbox.runs
    assert (ended["status"], ended["artifacts"]) == ("CANCELLED", [])
    assert ended["usage"] == dict.fromkeys(USED, 0)


async def test_cancelled_while_the_end_is_recorded_the_end_stays_as_it_was() -> None:
    log, world = SlowLog("run_finished"), World()
    core = runner(log, FakeSandbox(), world)
    running = asyncio.create_task(core.run(world.request, Listener()))
    await log.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    log.confirm.set()
    await core.settle()

    assert log.kinds() == ["run_started", "run_finished"]
    assert log.records[-1].body["status"] == "EXITED"


async def test_a_caller_that_left_is_a_cancelled_run() -> None:
    log, world = MemoryLog(), World()
    core = runner(log, FakeSandbox(), world)
    with pytest.raises(CallerGone):
        await core.run(world.request, Listener(deaf=True))
    await core.settle()

    assert log.records[-1].body["status"] == "CANCELLED"
    assert log.records[-1].body["usage"] == USED


@pytest.mark.parametrize("silent_at", ["started", "output"])
async def test_a_caller_that_does_not_read_is_gone_in_time(
    silent_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's place is held for its wall time and a bounded time around it, whatever the caller does."""

    class Asleep(Listener):
        async def started(self, permit: RunPermit) -> None:
            if silent_at == "started":
                await asyncio.Event().wait()

        async def output(self, stream: str, data: bytes) -> None:
            await asyncio.Event().wait()

    log, sandbox, world = MemoryLog(), FakeSandbox(), World()
    monkeypatch.setattr(run, "AROUND_S", 0.01 - LIMITS.wall_s)
    core = runner(log, sandbox, world)
    with pytest.raises(CallerGone):
        await asyncio.wait_for(core.run(world.request, Asleep()), 10)
    await core.settle()

    assert log.kinds() == ["run_started", "run_finished"]
    assert log.records[-1].body["status"] == "CANCELLED"
    assert sandbox.killed == len(sandbox.runs)


async def test_a_bug_of_ours_is_aborted_on_record_and_raised() -> None:
    log, world = MemoryLog(), World()
    with pytest.raises(ZeroDivisionError):
        await runner(log, FakeSandbox(fail=ZeroDivisionError()), world).run(world.request, Listener())

    assert log.records[-1].body["reason"] == "INTERNAL"


async def test_a_refusal_that_cannot_be_recorded_is_unavailable() -> None:
    """Also a no is not given while the log is down."""
    world = World(approval=foreign())
    with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
        await runner(MemoryLog(fail_on="admission_refused"), FakeSandbox(), world).run(
            world.request, Listener()
        )


async def test_the_refusal_of_a_proven_approval_names_it() -> None:
    log, world = MemoryLog(), World(program=b"print(1)\n")
    with pytest.raises(ApprovalRefused):
        await runner(log, FakeSandbox(), world).run(world.request, Listener())

    assert log.records[0].body["approval_id"] == world.case.approval.approval_id
    assert log.records[0].request_id == "request-1"

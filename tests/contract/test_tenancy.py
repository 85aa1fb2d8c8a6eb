"""docs/quotas.md over real gRPC: who counts for whom, who waits for whom, and what each is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc
from placetpb.common.v1 import common_pb2

from audit_svc.quota import Quotas
from executor_svc.gate import Gate
from executor_svc.sandbox import RunResult
from guard_svc.room import GrpcRoom
from placet.audit.client import GrpcAuditLog
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.contract.test_audit import served
from tests.contract.test_executor import House, execute, messages, opened, until
from tests.fakes.approvals import signed
from tests.fakes.audit_world import World
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.quota_world import QuotaWorld, quotas
from tests.fakes.rpc import Authority

As = Callable[[str], AbstractAsyncContextManager[grpc.aio.Channel]]
GENERATOR, GUARD, EXECUTOR = map(service_uri, ("generator", "guard", "executor"))
TEAM, OTHER = caller_uri("team"), caller_uri("other")
LIMITS = quotas(caller__any={"runs_at_once": 1, "tasks_per_minute": 2, "tokens_per_hour": 10})


@asynccontextmanager
async def log_of(tmp_path: Path, given: Quotas = LIMITS) -> AsyncIterator[As]:
    """Opens channels to a log with quotas, as any identity."""
    world = World(tmp_path)
    async with QuotaWorld(world, given).writing() as log:
        with world.reader() as reader:
            async with served(log.sequencer, reader, tmp_path / "pki") as as_peer:
                yield as_peer


async def refused(asked: Any) -> ServiceError:
    with pytest.raises(ServiceError) as refusal:
        await asked
    return refusal.value


# On whose behalf


async def test_the_generator_runs_for_its_callers_and_the_record_says_both(authority: Authority) -> None:
    """3.1"""
    house = House()
    async with opened(authority, house, GENERATOR) as stub:
        await execute(stub, messages(house.world, on_behalf_of=OTHER))
    start, end = house.log.records
    assert (start.body["caller"], start.body["peer"]) == (OTHER, GENERATOR)
    assert (end.kind, end.body["caller"]) == ("run_finished", OTHER)


async def test_whoever_calls_for_itself_is_the_caller_and_no_peer(authority: Authority) -> None:
    house = House()
    async with opened(authority, house) as stub:
        await execute(stub, messages(house.world))
    assert house.log.records[0].body["caller"] == TEAM
    assert "peer" not in house.log.records[0].body


@pytest.mark.parametrize("peer", [TEAM, reviewer_uri("kim")])
async def test_nobody_else_may_run_on_anothers_behalf(authority: Authority, peer: str) -> None:
    """3.2: PERMISSION_DENIED/ON_BEHALF_NOT_ALLOWED, and that it was tried is on record."""
    house = House()
    async with opened(authority, house, peer) as stub:
        error = await refused(execute(stub, messages(house.world, on_behalf_of=OTHER)))
    assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ON_BEHALF_NOT_ALLOWED")
    (record,) = house.log.of("admission_refused")
    assert (record.body["reason"], record.body["caller"]) == ("ON_BEHALF_NOT_ALLOWED", peer)


# A quota that is used up


async def test_a_run_too_many_is_told_when_to_come_back_and_spends_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    """2.1, through the executor: RESOURCE_EXHAUSTED/QUOTA_EXCEEDED, no refusal of admission, no denial."""
    async with log_of(tmp_path) as peer, peer(EXECUTOR) as channel:
        house = House(log=GrpcAuditLog(channel), sandbox=FakeSandbox(hang=True))  # type: ignore[arg-type]
        async with opened(authority, house, GENERATOR) as stub:
            going_on = stub.Execute(messages(house.world, on_behalf_of=TEAM))
            await until(house.sandbox.running.is_set)
            approval = signed()
            world = replace(house.world, approval=approval)
            error = await refused(execute(stub, messages(world, on_behalf_of=TEAM)))
            going_on.cancel()
            await house.runner.settle()
            house.sandbox.hang = False
            done = await execute(stub, messages(world, on_behalf_of=TEAM))  # the same approval
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
    assert error.retry_after_s
    assert "caller/team" in error.message
    assert done[-1].finished.status == common_pb2.RUN_STATUS_EXITED
    kinds = [entry.kind for entry in World(tmp_path).entries()]
    assert kinds == ["run_started", "quota_exceeded", "run_finished", "run_started", "run_finished"]


async def test_the_client_does_not_try_a_used_up_quota_again(tmp_path: Path) -> None:
    async with log_of(tmp_path) as peer, peer(GENERATOR) as channel:
        log = GrpcAuditLog(channel)
        task = {"task_sha256": "0" * 64, "caller": TEAM, "inputs": []}
        for name in ("a", "b"):
            await log.append("task_received", task, request_id=name)
        error = await refused(log.append("task_received", task, request_id="c"))
        await refused(log.append("task_received", task, request_id="d"))
    assert error.reason == "QUOTA_EXCEEDED"
    assert 0 < (error.retry_after_s or 0) <= 61
    kinds = [entry.kind for entry in World(tmp_path).entries()]
    assert kinds == ["task_received", "task_received", "quota_exceeded"]


async def test_the_guard_is_told_whether_a_model_may_be_asked(tmp_path: Path) -> None:
    """2.8, and 2.9: what leaves no record is not for those whose tokens are counted."""
    async with log_of(tmp_path) as peer, peer(GENERATOR) as generator, peer(GUARD) as guard:
        room = GrpcRoom(guard)
        await room.check(TEAM, "verdict_reached", "r-1")
        uncounted = await refused(room.check(TEAM, "", ""))
        await room.check(service_uri("console"), "", "")  # has no quota
        used = {"program_sha256": "0" * 64, "attempt": 1, "model": "m", "caller": TEAM}
        await GrpcAuditLog(generator).append(
            "program_generated", {**used, "prompt_tokens": 9, "completion_tokens": 1}, request_id="r"
        )
        exceeded = await refused(room.check(TEAM, "verdict_reached", "r-2"))
        await room.check(OTHER, "task_screened", "r-3")
    assert (uncounted.code, uncounted.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "QUOTA_UNCOUNTED")
    assert exceeded.reason == "QUOTA_EXCEEDED"
    assert 3600 <= (exceeded.retry_after_s or 0) <= 3660
    told = World(tmp_path).entries()[-1]
    assert (told.kind, told.request_id) == ("quota_exceeded", "r-2")


@pytest.mark.parametrize("peer_uri", [GENERATOR, EXECUTOR, TEAM, reviewer_uri("kim")])
async def test_only_the_guard_may_ask_so(tmp_path: Path, peer_uri: str) -> None:
    async with log_of(tmp_path) as peer, peer(peer_uri) as channel:
        error = await refused(GrpcRoom(channel).check(TEAM, "verdict_reached", ""))
    assert error.reason == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("asker", "wanted", "answer"),
    [
        (reviewer_uri("vera"), "", ["caller/other", "caller/team"]),
        (reviewer_uri("vera"), "caller/team", ["caller/team"]),
        (TEAM, "", ["caller/team"]),
        (TEAM, "caller/team", ["caller/team"]),
        (TEAM, "caller/other", None),
        (TEAM, "caller/*", None),
        (GENERATOR, "", None),
    ],
)
async def test_one_sees_what_one_used_and_viewers_what_everybody_did(
    tmp_path: Path, asker: str, wanted: str, answer: list[str] | None
) -> None:
    """5"""
    async with log_of(tmp_path) as peer, peer(GENERATOR) as generator, peer(asker) as channel:
        for caller in (TEAM, OTHER):
            task = {"task_sha256": "0" * 64, "caller": caller, "inputs": []}
            await GrpcAuditLog(generator).append("task_received", task, request_id=caller[-5:])
        asking = audit_pb2_grpc.AuditServiceStub(channel).GetUsage(pb.GetUsageRequest(caller=wanted))
        if answer is None:
            with pytest.raises(grpc.aio.AioRpcError) as denied:
                await asking
            assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
            return
        callers = (await asking).callers
    assert [each.caller for each in callers] == answer
    limits = {limit.limit: (limit.used, limit.at_most) for limit in callers[0].limits}
    assert limits == {"tasks_per_minute": (1, 2), "runs_at_once": (0, 1), "tokens_per_hour": (0, 10)}


# Turns


@dataclass
class OneByOne(FakeSandbox):
    """Runs go on until they are let end."""

    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, *args: Any, **more: Any) -> RunResult:
        self.running.set()
        await self.let.wait()
        return await super().run(*args, **more)


@pytest.mark.parametrize("through_the_generator", [True, False])
async def test_a_quiet_callers_run_comes_after_one_of_a_noisy_ones(
    authority: Authority, through_the_generator: bool
) -> None:
    """4.1 at the executor, whoever brings the requests; counted in places of the queue."""
    house = House(sandbox=OneByOne(), gate=Gate(running=1, queued=100))
    waiting = house.gate._turns

    def ask(stub: Any, caller: str) -> asyncio.Task[Any]:
        world = replace(house.world, approval=signed())
        behalf = {"on_behalf_of": caller} if through_the_generator else {}
        return asyncio.create_task(execute(stub, messages(world, **behalf)))

    noisy_peer, quiet_peer = (GENERATOR, GENERATOR) if through_the_generator else (TEAM, OTHER)
    async with opened(authority, house, noisy_peer) as noisy, opened(authority, house, quiet_peer) as quiet:
        asked = [ask(noisy, TEAM) for _ in range(30)]
        await until(lambda: waiting.waiting == 29)
        asked.append(ask(quiet, OTHER))
        await until(lambda: waiting.waiting == 30)
        house.sandbox.let.set()  # type: ignore[attr-defined]
        await asyncio.gather(*asked)
    callers = [record.body["caller"] for record in house.log.of("run_started")]
    assert len(callers) == 31
    assert callers.index(OTHER) <= 2  # the one that ran, and one that waited


async def test_a_noisy_caller_leaves_places_for_others(authority: Authority) -> None:
    """4.2: EXECUTOR_BUSY for the one, a place for the other."""
    house = House(sandbox=OneByOne(), gate=Gate(running=1, queued=9))
    async with opened(authority, house) as noisy, opened(authority, house, OTHER) as quiet:
        worlds = [replace(house.world, approval=signed()) for _ in range(12)]
        asked = [asyncio.create_task(execute(noisy, messages(world))) for world in worlds[:11]]
        await until(lambda: sum(task.done() for task in asked) == 3)
        last = asyncio.create_task(execute(quiet, messages(worlds[11])))
        await until(lambda: house.gate._turns.waiting == 8)
        house.sandbox.let.set()  # type: ignore[attr-defined]
        answers = await asyncio.gather(*asked, last, return_exceptions=True)
    busy = [answer for answer in answers if isinstance(answer, ServiceError)]
    assert {error.reason for error in busy} == {"EXECUTOR_BUSY"}
    assert len(busy) == 3
    assert not isinstance(answers[-1], BaseException)

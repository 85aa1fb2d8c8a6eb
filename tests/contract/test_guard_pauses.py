"""A caller who is denied again and again pauses: through the real service, with its records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from guard_svc.breaker import Breaker, BreakerLimits
from guard_svc.pauses import Pauses
from guard_svc.servicer import ALLOW, SERVICE, GuardServicer
from placet.llm.chat import ModelError
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, service_uri
from tests.fakes.guard_world import HARMFUL, HARMLESS, World, book, deadline, order, scope, world
from tests.fakes.rpc import Authority, serving
from tests.fakes.scripted_model import ScriptedModel

TEAM, HR = caller_uri("team"), caller_uri("hr")


class Clock:
    now = 0.0


class Here:
    """A guard whose callers pause, and whoever asks it."""

    def __init__(self, here: World, running: Any, clock: Clock) -> None:
        self.world, self.clock = here, clock
        self._running = running

    async def ask(self, program: bytes = HARMFUL, *, peer: str = TEAM, **changes: Any) -> str:
        """The verdict's name, or the reason of the refusal."""
        request = {"scope": "data-analysis", "program": program, "verdict_only": False} | changes
        async with self._running.as_peer(peer) as channel:
            stub = guard_pb2_grpc.GuardServiceStub(channel)
            try:
                reply = await stub.Review(guard_pb2.ReviewRequest(**request))
            except grpc.aio.AioRpcError as error:
                self.error = ServiceError.from_rpc(error)
                return self.error.reason
        return common_pb2.Verdict.Name(reply.review.verdict).removeprefix("VERDICT_")

    async def assess(self) -> str:
        async with self._running.as_peer(TEAM) as channel:
            stub = guard_pb2_grpc.GuardServiceStub(channel)
            reply = await stub.Assess(guard_pb2.AssessRequest(scope="data-analysis", program=HARMFUL))
        return common_pb2.Verdict.Name(reply.review.verdict).removeprefix("VERDICT_")

    async def screen(self) -> bool:
        async with self._running.as_peer(TEAM) as channel:
            stub = guard_pb2_grpc.GuardServiceStub(channel)
            request = guard_pb2.ScreenTaskRequest(scope="data-analysis", task="average price")
            return (await stub.ScreenTask(request)).in_scope


@asynccontextmanager
async def guard(
    authority: Authority,
    model: ScriptedModel | None = None,
    *,
    limits: BreakerLimits = BreakerLimits(),  # noqa: B008  (frozen)
) -> AsyncIterator[Here]:
    clock = Clock()
    here = world(model)
    pauses = Pauses(Breaker(limits), here.log, now=lambda: clock.now)
    core = replace(here.guard, pauses=pauses)
    scopes = book(scope(), scope("payroll"))

    def register(server: grpc.aio.Server) -> list[str]:
        guard_pb2_grpc.add_GuardServiceServicer_to_server(GuardServicer(core, scopes), server)
        return [SERVICE]

    async with serving(authority, "guard", register=register, allow=ALLOW) as running:
        yield Here(replace(here, guard=core), running, clock)


async def test_after_three_denials_in_a_row_the_caller_is_told_to_pause_and_whom_to_ask(authority):
    async with guard(authority) as here:
        assert [await here.ask() for _ in range(3)] == ["DENIED"] * 3
        assert await here.ask(HARMLESS) == "CALLER_PAUSED"
    error = here.error
    assert error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.retry_after_s == 300.0
    assert "insights-team" in error.message
    assert error.metadata["owner"] == "insights-team"
    assert here.world.log.kinds() == [*["verdict_reached"] * 3, "caller_paused", "review_failed"]
    pause = here.world.log.of("caller_paused")[0].body
    assert (pause["caller"], pause["scope_name"], pause["denials"]) == (TEAM, "data-analysis", 3)
    assert here.world.log.of("review_failed")[0].body["reason"] == "CALLER_PAUSED"


async def test_the_pause_ends_with_a_record_and_programs_are_reviewed_again(authority):
    async with guard(authority) as here:
        for _ in range(3):
            await here.ask()
        here.clock.now = 300.0
        assert await here.ask(HARMLESS) == "ALLOWED"
    log = here.world.log
    assert log.kinds()[3:5] == ["caller_paused", "caller_resumed"]
    assert log.of("caller_resumed")[0].body["paused_index"] == log.of("caller_paused")[0].index


async def test_others_and_other_scopes_go_on(authority):
    async with guard(authority) as here:
        for _ in range(3):
            await here.ask()
        assert await here.ask(HARMLESS, peer=HR) == "ALLOWED"
        assert await here.ask(HARMLESS, scope="payroll") == "ALLOWED"


async def test_screening_evaluation_and_bare_verdicts_neither_count_nor_are_refused(authority):
    async with guard(authority) as here:
        for _ in range(5):
            assert await here.assess() == "DENIED"
            assert await here.ask(verdict_only=True) == "DENIED"
        for _ in range(3):
            await here.ask()
        assert await here.screen()
        assert await here.assess() == "DENIED"
        assert await here.ask(HARMLESS, verdict_only=True) == "ALLOWED"
        assert await here.ask(HARMLESS) == "CALLER_PAUSED"


async def test_doubt_does_not_count(authority):
    async with guard(authority, ScriptedModel(0.6)) as here:
        for number in range(12):
            assert await here.ask(HARMLESS + b"\n" * number) == "NEEDS_REVIEW"


@pytest.mark.parametrize("reason", ["MODEL_UNAVAILABLE", "MODEL_REFUSED", "MODEL_REPLY_UNUSABLE"])
async def test_failures_of_ours_do_not_count(authority, reason: str):
    async with guard(authority, ScriptedModel(fault=ModelError(reason, "x"))) as here:
        said = {await here.ask(HARMLESS) for _ in range(12)}
    assert said <= {"DENIED", "REVIEW_UNAVAILABLE"}


async def test_a_task_whose_three_attempts_are_denied_counts_once(authority):
    async with guard(authority) as here:
        for task in ("t1", "t2"):
            for _ in range(3):
                attempt = {"peer": service_uri("generator"), "on_behalf_of": TEAM, "request_id": task}
                assert await here.ask(**attempt) == "DENIED"
        assert await here.ask(HARMLESS, **attempt) == "ALLOWED"


async def test_a_caller_cannot_hide_denials_under_one_request_id(authority):
    async with guard(authority) as here:
        said = [await here.ask(request_id="the-same") for _ in range(4)]
    assert said == ["DENIED", "DENIED", "DENIED", "CALLER_PAUSED"]


async def test_the_generator_s_caller_pauses_and_the_generator_does_not(authority):
    async with guard(authority) as here:
        for task in ("t1", "t2", "t3"):
            await here.ask(peer=service_uri("generator"), on_behalf_of=TEAM, request_id=task)
        assert await here.ask(HARMLESS) == "CALLER_PAUSED"
        assert await here.ask(HARMLESS, peer=service_uri("generator"), on_behalf_of=HR) == "ALLOWED"


async def test_many_reviews_at_once_get_no_further_than_one_after_the_other():
    here = world(ScriptedModel(lambda text: 0.0))
    guard_ = replace(here.guard, pauses=Pauses(Breaker(BreakerLimits()), here.log))
    results = await asyncio.gather(
        *(guard_.review(order(HARMFUL + b"#" * n), deadline()) for n in range(20)), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, ServiceError)]
    assert len(here.log.of("caller_paused")) == 1
    assert {r.reason for r in refused} == {"CALLER_PAUSED"}
    assert len(here.log.of("verdict_reached")) + len(refused) == 20
    assert refused


async def test_a_pause_that_cannot_be_recorded_still_holds_and_is_recorded_later():
    here = world()
    pauses = Pauses(Breaker(BreakerLimits(in_a_row=1)), here.log)
    guard_ = replace(here.guard, pauses=pauses)
    here.log.fail_on = "caller_paused"
    for _ in range(2):
        with pytest.raises(ServiceError) as caught:
            await guard_.review(order(HARMFUL), deadline())
        assert caught.value.reason == "AUDIT_UNAVAILABLE"
    here.log.fail_on = None
    with pytest.raises(ServiceError) as caught:
        await guard_.review(order(HARMLESS), deadline())
    assert caught.value.reason == "CALLER_PAUSED"
    assert here.log.kinds() == ["verdict_reached", "caller_paused", "review_failed"]


async def test_a_pause_ends_on_record_although_its_caller_never_comes_back():
    clock = Clock()
    here = world()
    pauses = Pauses(Breaker(BreakerLimits(in_a_row=1)), here.log, now=lambda: clock.now)
    await replace(here.guard, pauses=pauses).review(order(HARMFUL), deadline())
    await pauses.end_those_over()
    clock.now = 301.0
    await pauses.end_those_over()
    await pauses.end_those_over()
    assert here.log.kinds() == ["verdict_reached", "caller_paused", "caller_resumed"]

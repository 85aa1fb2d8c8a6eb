"""docs/quotas.md §2.8 and §2.9: what the guard asks of a quota before it asks a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import grpc
import pytest

from guard_svc.order import Order
from guard_svc.review import Guard
from guard_svc.room import GrpcRoom
from placet.rpc.errors import ServiceError
from tests.fakes.guard_world import HARMFUL, World, deadline, order, world
from tests.fakes.scripted_model import ScriptedModel

EXCEEDED = ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED", "used up", retry_after_s=40)


@dataclass
class FakeRoom:
    """Room for whoever is not told to have none."""

    full: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def check(self, caller: str, kind: str, request_id: str) -> None:
        self.asked.append((caller.rpartition("/")[2], kind, request_id))
        if self.full:
            raise EXCEEDED


def here(room: FakeRoom) -> tuple[Guard, World]:
    made = world(ScriptedModel())
    return replace(made.guard, room=room), made


ASKED = {
    "verdict_reached": lambda guard, what: guard.review(what, deadline()),
    "task_screened": lambda guard, what: guard.screen(what, deadline()),
    "": lambda guard, what: guard.assess(what, deadline()),
}


@pytest.mark.parametrize("kind", ASKED)
async def test_without_room_no_model_is_asked_and_nothing_is_denied(kind: str) -> None:
    room = FakeRoom(full=True)
    guard, made = here(room)
    with pytest.raises(ServiceError) as refused:
        await ASKED[kind](guard, order())
    assert (refused.value.reason, refused.value.retry_after_s) == ("QUOTA_EXCEEDED", 40)
    assert room.asked == [("team", kind, "r-1")]
    assert made.model.asked == []
    assert made.log.kinds() == []


@pytest.mark.parametrize("kind", ASKED)
async def test_with_room_the_model_is_asked(kind: str) -> None:
    guard, made = here(FakeRoom())
    await ASKED[kind](guard, order())
    assert made.model.asked


@pytest.mark.parametrize("what", [order(attempts_of="r-1"), order(HARMFUL)])
async def test_a_tasks_review_and_what_rules_decide_need_no_room(what: Order) -> None:
    """2.8: a task was let in with what it costs; what rules alone decide costs no tokens."""
    room = FakeRoom(full=True)
    guard, _ = here(room)
    await guard.review(what, deadline())
    assert room.asked == []


async def test_what_the_cache_answers_needs_no_room() -> None:
    room = FakeRoom()
    guard, made = here(room)
    await guard.review(order(), deadline())
    room.full = True
    await guard.review(order(request_id="r-2"), deadline())
    assert [record.body["cached"] for record in made.log.of("verdict_reached")] == [False, True]


async def test_rules_may_be_asked_without_room() -> None:
    """2.9: nothing is asked that would have to be counted."""
    guard, _ = here(FakeRoom(full=True))
    await guard.assess(order(), deadline(), "rules")


async def test_what_a_screening_cost_is_on_record() -> None:
    guard, made = here(FakeRoom())
    await guard.screen(order(), deadline())
    (screened,) = made.log.of("task_screened")
    assert set(screened.body["tokens"]) == {"prompt", "cached", "completion"}  # type: ignore[call-overload]


class Ending:
    """A log whose leader ends under the first calls; the next answers."""

    def __init__(self, lost: int) -> None:
        self.lost, self.asked = lost, 0

    async def __call__(self, *_: object, **__: object) -> None:
        self.asked += 1
        if self.asked <= self.lost:
            none = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, none, none, "Connection reset by peer")


@pytest.mark.parametrize(("lost", "reason"), [(1, ""), (2, ""), (3, "AUDIT_UNAVAILABLE")])
async def test_a_leader_that_ends_while_it_is_asked_is_not_all_of_the_log(lost: int, reason: str) -> None:
    """docs/connections.md: another one leads soon, and the question may be asked again."""
    log = Ending(lost)
    async with grpc.aio.insecure_channel("unix:/nowhere") as channel:
        room = GrpcRoom(channel)
        room._stub.CheckQuota = log
        if not reason:
            await room.check("spiffe://placet.local/caller/team", "verdict_reached", "r-1")
        else:
            with pytest.raises(ServiceError, match=reason):
                await room.check("spiffe://placet.local/caller/team", "verdict_reached", "r-1")
    assert log.asked == min(lost + 1, 3)

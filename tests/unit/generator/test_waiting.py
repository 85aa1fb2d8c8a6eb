"""A task whose program needs people: it waits, goes on with their answer, and blocks nobody meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import grpc
import pytest
from placetpb.common.v1 import common_pb2

from generator_svc import ports
from generator_svc.places import Places
from generator_svc.prompt import Message, ScopeBrief
from generator_svc.recording import RECORD_END_S
from generator_svc.running import PATIENCE_S
from generator_svc.servicer import within
from generator_svc.solve import Ports, Solver
from generator_svc.task import MAX_REVIEW_WAIT_S, Task, TaskRefused, check_wait
from placet.audit.waiting import Decided
from placet.llm.chat import NO_COST, Cost
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from tests.fakes.memory_log import MemoryLog

SECRET = "the person's own words"
ALLOWED = Decided(b"signed", "human:kim", SECRET, 7)
DENIED = Decided(b"", "human:kim", SECRET, 7)


@dataclass
class World:
    """Guard, executor, writer and people in one; the guard sends every program to people."""

    decided: Decided | None = None
    exit_codes: list[int] = field(default_factory=list)  # then 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: people answer at once."""
    waits: list[float] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    approvals: list[bytes] = field(default_factory=list)
    events: list[ports.Event] = field(default_factory=list)
    refusals: list[ServiceError] = field(default_factory=list)
    """What the executor says before it runs anything."""
    log: MemoryLog = field(default_factory=MemoryLog)
    places: Places = field(default_factory=lambda: Places(solving=2, waiting=1))

    async def describe_scope(self, task: Task, deadline: Deadline) -> ScopeBrief:
        return ScopeBrief("Answer questions.", ("pandas",))

    async def screen(self, task: Task, deadline: Deadline) -> ports.Screening:
        return ports.Screening(True, ())

    async def write(self, messages: Sequence[Message], *, attempt: int, deadline: Deadline) -> ports.Written:
        self.prompts.append(json.dumps(list(messages)))
        return ports.Written(b"print(1)", "scripted", b"", b"", 0, 0)

    def estimated_cost(self, messages: Sequence[Message]) -> Cost:
        return NO_COST

    async def review(
        self, task: Task, program: bytes, deadline: Deadline, *, plan: bytes = b""
    ) -> ports.Review:
        return ports.Review(ports.Verdict.NEEDS_REVIEW, 40, (), "rules+reviewer", b"")

    async def _decided(self, task: Task, program: bytes, wait_s: float) -> Decided | None:
        self.waits.append(wait_s)
        await self.gate.wait()
        return self.decided

    async def run(
        self, task: Task, program: bytes, approval: bytes, deadline: Deadline
    ) -> AsyncIterator[object]:
        self.approvals.append(approval)
        if self.refusals:
            raise self.refusals.pop(0)
        code = self.exit_codes.pop(0) if self.exit_codes else 0
        exited = common_pb2.RUN_STATUS_EXITED
        yield ports.RunEnded(exited, code, 0, common_pb2.Usage(), (), common_pb2.TIER_T1)

    async def tell(self, event: ports.Event) -> None:
        self.events.append(event)

    async def solve(self, wait_s: int = 60, deadline_s: float = 300) -> ports.Outcome:
        people = _People(self._decided)
        solver = Solver(Ports(self.log, self, self, self, people, self), self.places)  # type: ignore[arg-type]
        task = Task(f"r-{len(self.log.records)}", "data-analysis", "mean?", (), "c", wait_s)
        async with self.places.solving(task.caller):
            await solver.solve(task, self.tell, Deadline.after(deadline_s))
        end = self.events[-1]
        assert isinstance(end, ports.Finished)
        return end.outcome

    def stages(self) -> list[str]:
        return [event.stage for event in self.events if isinstance(event, ports.Progress)]

    def verdicts(self) -> list[tuple[str, str]]:
        reached = (event for event in self.events if isinstance(event, ports.VerdictReached))
        return [(event.verdict.value, event.decided_by) for event in reached]


@dataclass
class _People:
    decided: Callable[..., object]


def deciding(decided: Decided | None, **given: object) -> World:
    """A world whose people answer at once."""
    world = World(decided, **given)  # type: ignore[arg-type]
    world.gate.set()
    return world


async def test_an_approved_program_runs_with_their_approval() -> None:
    world = deciding(ALLOWED)

    assert await world.solve() is ports.Outcome.DONE
    assert world.approvals == [b"signed"]
    assert world.stages() == ["screening", "generating", "reviewing", "awaiting_review", "running"]
    assert world.verdicts() == [("NEEDS_REVIEW", "rules+reviewer"), ("ALLOWED", "human:kim")]


async def test_a_denial_ends_the_task_and_no_other_program_is_tried() -> None:
    world = deciding(DENIED)

    assert await world.solve() is ports.Outcome.DENIED
    assert (len(world.prompts), world.approvals) == (1, [])
    assert world.verdicts()[-1] == ("DENIED", "human:kim")


async def test_without_a_decision_in_time_the_answer_is_that_it_needs_review() -> None:
    world = deciding(None)

    assert await world.solve() is ports.Outcome.NEEDS_REVIEW
    assert world.log.of("task_finished")[0].body == {"outcome": "NEEDS_REVIEW"}


async def test_a_task_that_does_not_wait_is_answered_at_once() -> None:
    world = World(ALLOWED)

    assert await world.solve(wait_s=0) is ports.Outcome.NEEDS_REVIEW
    assert (world.waits, "awaiting_review" in world.stages()) == ([], False)


async def test_the_caller_sees_their_reason_and_the_model_never_does() -> None:
    world = deciding(ALLOWED, exit_codes=[1])

    assert await world.solve() is ports.Outcome.DONE
    assert len(world.prompts) == 2
    assert not [prompt for prompt in world.prompts if SECRET in prompt]
    reached = [event for event in world.events if isinstance(event, ports.VerdictReached)][1]
    assert (reached.findings[0].message, reached.findings[0].rule_id) == (SECRET, "human.approval.reason")


async def test_the_wait_leaves_time_to_say_how_it_ended() -> None:
    world = deciding(None)
    await world.solve(wait_s=60, deadline_s=40)

    assert world.waits[0] <= 40 - RECORD_END_S


async def test_one_that_waits_leaves_its_place_and_one_too_many_does_not_wait() -> None:
    world = World(ALLOWED, places=Places(solving=1, waiting=1))
    first = asyncio.create_task(world.solve())
    while not world.waits:
        await asyncio.sleep(0)

    assert await world.solve() is ports.Outcome.NEEDS_REVIEW
    assert len(world.waits) == 1
    world.gate.set()
    assert await first is ports.Outcome.DONE


async def test_one_that_goes_on_is_not_refused_for_those_that_came_meanwhile() -> None:
    places = Places(solving=1, waiting=1)
    async with places.solving("a"):
        with places.waiting("a") as may_wait:
            async with places.solving("b"):
                assert may_wait
        with pytest.raises(ServiceError) as refused:
            async with places.solving("b"):
                pass
    assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    async with places.solving("b"):
        """The place is free again."""


async def test_a_caller_that_leaves_while_it_waits_is_on_record_and_makes_room() -> None:
    world = World(ALLOWED)
    waiting = asyncio.create_task(world.solve())
    while not world.waits:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert world.log.of("task_finished")[0].body == {"outcome": "CANCELLED"}
    world.gate.set()
    assert await world.solve() is ports.Outcome.DONE


async def test_a_service_that_stops_answers_those_that_wait() -> None:
    """Their review goes on, and its decision can be awaited elsewhere; the answer is true until then."""
    world = World(ALLOWED)
    waiting = asyncio.create_task(world.solve())
    while not world.waits:
        await asyncio.sleep(0)
    world.places.close()

    assert await waiting is ports.Outcome.NEEDS_REVIEW
    assert world.log.of("task_finished")[0].body == {"outcome": "NEEDS_REVIEW"}


async def test_what_goes_wrong_while_waiting_is_an_error_and_no_answer() -> None:
    world = deciding(ALLOWED)
    world.decided = None

    async def lost(*_: object) -> None:
        raise ServiceError(grpc.StatusCode.NOT_FOUND, "REVIEW_UNKNOWN", "no such review")

    world._decided = lost  # type: ignore[method-assign,assignment]
    with pytest.raises(ServiceError, match="REVIEW_UNKNOWN"):
        await world.solve()
    assert world.log.of("task_finished")[0].body == {"outcome": "UNANSWERED", "reason": "REVIEW_UNKNOWN"}


async def test_a_task_ends_with_its_own_deadline_however_long_others_may_wait() -> None:
    with pytest.raises(ServiceError, match="DEADLINE_EXCEEDED"):
        async with within(Deadline.after(0.01)):
            await asyncio.sleep(60)
    with pytest.raises(TimeoutError):
        async with within(Deadline.after(60)):
            raise TimeoutError("of something else")


def test_nobody_waits_longer_than_tasks_may() -> None:
    check_wait(MAX_REVIEW_WAIT_S)
    with pytest.raises(TaskRefused, match="REVIEW_WAIT_TOO_LONG"):
        check_wait(MAX_REVIEW_WAIT_S + 1)


def full(
    retry_after_s: float | None, code: grpc.StatusCode = grpc.StatusCode.RESOURCE_EXHAUSTED
) -> ServiceError:
    return ServiceError(code, "QUOTA_EXCEEDED", "used up", retry_after_s=retry_after_s)


async def test_an_approved_program_waits_for_its_turn_at_the_executor() -> None:
    """The same approval: nothing was spent. Its place is others' meanwhile."""
    world = World(ALLOWED, places=Places(solving=1, waiting=1), refusals=[full(0.05), full(0.0)])
    world.gate.set()

    assert await world.solve() is ports.Outcome.DONE
    assert world.approvals == [ALLOWED.approval] * 3
    assert len(world.prompts) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        full(None),
        full(PATIENCE_S + 1),
        full(0.01, grpc.StatusCode.FAILED_PRECONDITION),
        full(0.01, grpc.StatusCode.UNAVAILABLE),
    ],
)
async def test_what_takes_longer_or_is_final_is_an_error_at_once(refusal: ServiceError) -> None:
    world = World(ALLOWED, refusals=[refusal])
    world.gate.set()

    with pytest.raises(ServiceError) as raised:
        await world.solve()
    assert raised.value is refusal
    assert len(world.approvals) == 1
    assert world.log.of("task_finished")[0].body == {"outcome": "UNANSWERED", "reason": "QUOTA_EXCEEDED"}


async def test_a_turn_is_not_awaited_beyond_the_callers_time() -> None:
    world = World(ALLOWED, refusals=[full(3.0)])
    world.gate.set()

    with pytest.raises(ServiceError, match="QUOTA_EXCEEDED"):
        await world.solve(deadline_s=RECORD_END_S + 2)


async def test_a_turn_is_awaited_for_a_minute_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator_svc.running.PATIENCE_S", 0.1)
    world = World(ALLOWED, refusals=[full(0.03) for _ in range(100)])
    world.gate.set()

    with pytest.raises(ServiceError, match="QUOTA_EXCEEDED"):
        await world.solve()
    assert len(world.approvals) == 4


async def test_a_service_that_stops_awaits_no_turn() -> None:
    world = World(ALLOWED, refusals=[full(0.01) for _ in range(100)])
    world.gate.set()
    world.places.close()

    with pytest.raises(ServiceError, match="QUOTA_EXCEEDED"):
        await world.solve()
    assert len(world.approvals) <= 1

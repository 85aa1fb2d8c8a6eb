"""docs/quotas.md §4: who is served next, and who is let in."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from placet.turns import SHARE, Full, Turns

TENANTS = ("a", "b", "c", "d")


class Queue:
    """Requests against one `Turns`, each a task that is told when to end; keeps the order of service."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.served, self.tasks = turns, list[tuple[str, int]](), dict[int, asyncio.Task[None]]()
        self.ends: dict[int, asyncio.Event] = {}

    def ask(self, tenant: str) -> int:
        number = len(self.tasks)
        self.ends[number] = asyncio.Event()
        self.tasks[number] = asyncio.create_task(self._one(tenant, number))
        return number

    async def _one(self, tenant: str, number: int) -> None:
        with self.turns.place(tenant):
            async with self.turns.turn(tenant):
                self.served.append((tenant, number))
                await self.ends[number].wait()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self, number: int) -> None:
        self.ends[number].set()
        await self.settle()

    @property
    def running(self) -> list[int]:
        return [n for _, n in self.served if not self.tasks[n].done()]

    async def drain(self) -> None:
        """End whatever runs until nothing waits."""
        while running := self.running:
            await self.end(running[0])

    def position(self, number: int, after: int) -> int:
        """How many were served between the first `after` services and this one."""
        return [n for _, n in self.served[after:]].index(number)


class Fairness(RuleBasedStateMachine):
    """Any order of arrivals, ends and departures."""

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.queue = Queue(Turns(at_once=2, waiting=1000))
        self.waiting: dict[int, str] = {}
        """In the order of arrival."""
        self.seen = 0
        self.bound: dict[int, int] = {}
        """How many may yet be served before a tenant's first waiting request."""

    def teardown(self) -> None:
        self.loop.run_until_complete(self._cancel_all())
        self.loop.close()

    async def _cancel_all(self) -> None:
        for task in self.queue.tasks.values():
            task.cancel()
        await asyncio.gather(*self.queue.tasks.values(), return_exceptions=True)

    def _after(self) -> None:
        """Compare what was served with what had to be."""
        self.loop.run_until_complete(self.queue.settle())
        for tenant, number in self.queue.served[self.seen :]:
            assert self.bound.pop(number, 0) >= 0
            mine = [n for n, whose in self.waiting.items() if whose == tenant]
            assert not mine or mine[0] == number, "a tenant's own come in the order of arrival"
            self.waiting.pop(number, None)
            self.bound = {n: left - 1 for n, left in self.bound.items()}
            assert all(left >= 0 for left in self.bound.values()), (
                "a first request waits for one of each other"
            )
            if len(mine) > 1:
                self.bound[mine[1]] = len(set(self.waiting.values()) - {tenant})
        self.seen = len(self.queue.served)

    @rule(target=numbers, tenant=st.sampled_from(TENANTS))
    def arrives(self, tenant: str) -> int:
        async def ask() -> int:
            return self.queue.ask(tenant)

        busy = len(self.queue.running) >= 2
        others = set(self.waiting.values()) - {tenant}
        first = tenant not in self.waiting.values()
        number = self.loop.run_until_complete(ask())
        if busy:
            self.waiting[number] = tenant
            if first:
                self.bound[number] = len(others)
        self._after()
        return number

    @rule(number=numbers)
    def ends(self, number: int) -> None:
        if number in self.queue.running:
            self.loop.run_until_complete(self.queue.end(number))
            self._after()

    @rule(number=consumes(numbers))
    def leaves(self, number: int) -> None:
        self.queue.tasks[number].cancel()
        tenant = self.waiting.pop(number, None)
        was_first = self.bound.pop(number, None)
        if tenant and was_first is not None:
            following = [n for n, whose in self.waiting.items() if whose == tenant]
            if following:
                self.bound[following[0]] = was_first
        self._after()

    @invariant()
    def no_more_than_two_are_served_and_no_slot_is_idle_while_somebody_waits(self) -> None:
        assert len(self.queue.running) <= 2
        assert len(self.queue.running) == 2 or not self.waiting


TestFairness = Fairness.TestCase
TestFairness.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


async def test_a_quiet_tenant_waits_for_one_of_a_noisy_ones_thousand() -> None:
    """4.1: counted in places of the queue, whatever a run takes."""
    queue = Queue(Turns(at_once=2, waiting=2000))
    for _ in range(1000):
        queue.ask("noisy")
    await queue.settle()
    before = len(queue.served)
    quiet = queue.ask("quiet")
    await queue.drain()

    assert queue.position(quiet, before) <= 1
    assert len(queue.served) == 1001


async def test_noisy_tenants_share_and_none_starves() -> None:
    """4.1: after a request of each, however unequal they come."""
    queue = Queue(Turns(at_once=1, waiting=1000))
    for tenant, many in (("a", 100), ("b", 10), ("c", 10)):
        for _ in range(many):
            queue.ask(tenant)
    await queue.settle()
    await queue.drain()

    first = [tenant for tenant, _ in queue.served[1:31]]
    assert sorted(first.count(tenant) for tenant in "abc") == [10, 10, 10]


def enters(held: ExitStack, turns: Turns, tenant: str) -> bool:
    """Whether there is a place for the tenant, which it then holds."""
    try:
        held.enter_context(turns.place(tenant))
    except Full:
        return False
    return True


@given(st.lists(st.sampled_from(TENANTS), max_size=300), st.integers(0, 4), st.integers(0, 60))
def test_a_tenant_that_has_no_place_gets_one_while_there_is_any(
    arrivals: list[str], at_once: int, waiting: int
) -> None:
    """4.2: beyond the slots a tenant holds at most four times what is left."""
    turns, held, inside = Turns(at_once=at_once, waiting=waiting), ExitStack(), dict.fromkeys(TENANTS, 0)
    with held:
        for tenant in arrivals:
            total = sum(inside.values())
            left = at_once + waiting - total
            let_in = enters(held, turns, tenant)
            assert let_in == (total < at_once or inside[tenant] < SHARE * left)
            inside[tenant] += let_in
        assert sum(inside.values()) <= at_once + waiting
    assert turns.waiting == 0
    if at_once + waiting:
        with turns.place("a"):
            """All places are free again."""


async def test_one_noisy_tenant_leaves_a_fifth_of_the_house() -> None:
    turns = Turns(at_once=2, waiting=128)
    with ExitStack() as held:
        assert sum(enters(held, turns, "noisy") for _ in range(1000)) == 104
        assert sum(enters(held, turns, "quiet") for _ in range(10)) == 10


async def test_a_turn_that_comes_as_its_tenant_leaves_goes_to_the_next() -> None:
    turns = Turns(at_once=1, waiting=10)
    queue = Queue(turns)
    async with turns.turn("a"):
        second, third = queue.ask("b"), queue.ask("c")
        await queue.settle()
    queue.tasks[second].cancel()  # its turn has come, and it has not heard of it
    await queue.settle()

    assert queue.running == [third]
    await queue.drain()


async def test_many_that_leave_the_queue_leave_nothing_behind() -> None:
    turns = Turns(at_once=1, waiting=10)
    queue = Queue(turns)
    first = queue.ask("a")
    for _ in range(200):
        number = queue.ask("b")
        await queue.settle()
        queue.tasks[number].cancel()
        await queue.settle()
    assert turns.waiting == 0
    assert not turns._waiting
    await queue.end(first)


async def test_who_steps_out_gives_its_turn_and_is_back_at_once() -> None:
    turns = Turns(at_once=1, waiting=1)
    queue = Queue(turns)
    with turns.place("a"):
        async with turns.turn("a"):
            with turns.stepped_out("a"):
                other = queue.ask("b")
                await queue.settle()
                assert queue.running == [other]
            third = queue.ask("c")
            await queue.settle()
            with pytest.raises(Full):
                await queue.tasks[third]  # two hold places where one is served and one waits
            await queue.end(other)
            last = queue.ask("c")
            await queue.settle()
            assert queue.running == []  # it waits: the one that came back has the turn
    await queue.settle()
    assert queue.running == [last]
    await queue.drain()

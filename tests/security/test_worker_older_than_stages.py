"""Attack: a scope's stages are left out by a worker that is older than stages (docs/workers.md 3.11).

Such a worker knows the scope by its digest and runs its programs, without cutting or checking anything.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from executor_svc import admission
from executor_svc.admission import Pool, Start
from executor_svc.delivery.wanted import Wanted
from executor_svc.fleet.hold import Hold
from executor_svc.fleet.known import Offer
from executor_svc.fleet.remote import NotBegun
from executor_svc.fleet.roster import Want
from executor_svc.fleet.seat import Seat
from executor_svc.places import WorkerLost
from executor_svc.sandbox import InputFile
from placet.approval import Limits, ScopeRef
from placet.audit.client import Appended
from placet.rpc.errors import ServiceError
from tests.fakes.approvals import CEILING, World, known
from tests.fakes.approvals import SCOPE as SCOPE_REF
from tests.fakes.odd_workers import GOOD, UNAVAILABLE, Odd, house, says
from tests.fakes.workers import Ground, Order

STAGES = ("cut", "deliver")
LIMITS = Limits(wall_s=30, cpu_s=20, memory_mib=512, output_kib=1, artifacts=1, artifact_mib=1)
SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: staff, version: 1, owner: hr}
purpose: Answer questions about pay.
inputs:
  columns: [{input: staff.csv, grant: [pay]}]
outputs:
  kinds: [text]
  contract: {max_rows: 2}
"""
STAFF = InputFile.of("staff.csv", b"name,pay\nKim,10\n")
CUT = Wanted(columns=({"input": "*", "grant": ["price"], "mask": []},))


@pytest.fixture(autouse=True)
def scope(ground: Ground) -> Iterator[None]:
    path = ground.directory / "scopes" / "staff.yaml"
    path.write_text(SCOPE)
    yield
    path.unlink()


def staged(ground: Ground) -> Order:
    """A run that must not happen without its stages."""
    named = ScopeRef("staff", 1, hashlib.sha256(SCOPE.encode()).digest())
    return ground.order("print(1)", [STAFF], limits=LIMITS, scope=named)


async def test_only_a_worker_that_offers_the_stages_gets_the_run(ground: Ground) -> None:
    """Which of the two is asked first is chance; the older one has runs without stages, before and after."""
    old, new = Odd(GOOD), Odd(GOOD, stages=STAGES)
    async with house(ground, old, new) as front:
        while not old.runs:
            await front.run(ground.order("print(1)", limits=LIMITS))
        before = old.runs
        for _ in range(8):
            await front.run(staged(ground))
        assert (old.runs, new.runs >= 8) == (before, True)

        while old.runs == before:
            await front.run(ground.order("print(1)", limits=LIMITS))


@pytest.mark.parametrize("offered", [(), ("cut",), ("deliver",), ("Cut", "Deliver")], ids=str)
async def test_without_such_a_worker_nothing_runs(ground: Ground, offered: tuple[str, ...]) -> None:
    """Nothing is spent, and the caller hears why. A worker that can do one of two stages is none either."""
    old = Odd(GOOD, stages=offered)
    async with house(ground, old, wait_s=3) as front:
        async with asyncio.timeout(20):
            while not front.fleet.tier:
                await asyncio.sleep(0.01)
        with pytest.raises(ServiceError, match="older than their executor") as error:
            await front.run(staged(ground))
        assert (error.value.code.name, error.value.reason) == ("UNAVAILABLE", "STAGES_UNAVAILABLE")
        assert (old.runs, front.log.records) == (0, [])

        await front.run(ground.order("print(1)", limits=LIMITS))
        assert old.runs == 1


async def test_a_second_attempt_is_no_way_around(ground: Ground) -> None:
    """3.2 holds among workers that can do the stages; an older one is not asked instead."""
    broken, old = Odd(says(then=UNAVAILABLE), stages=STAGES), Odd(GOOD)
    async with house(ground, broken, old, wait_s=2) as front:
        with pytest.raises(ServiceError) as error:
            await front.run(staged(ground))

    assert error.value.reason == "WORKER_LOST"
    assert (broken.runs >= 1, old.runs) == (True, 0)


async def test_what_was_not_asked_of_a_place_is_not_admitted_there() -> None:
    """Whoever leases by mistake: admission judges the place that the run would get, and spends nothing."""
    spent: list[Start] = []

    async def spend(start: Start) -> Appended:
        spent.append(start)
        return await appended(start)

    for stages in (frozenset[str](), frozenset({"deliver"})):
        here = World(scopes=known(SCOPE_REF.sha256, wanted=CUT), pool=Pool("local", CEILING, "T1", stages))
        with pytest.raises(ServiceError) as error:
            await admission.admit(here.case, spend)
        assert (error.value.code.name, error.value.reason) == ("UNAVAILABLE", "STAGES_UNAVAILABLE")
    assert spent == []

    fit = World(scopes=known(SCOPE_REF.sha256, wanted=CUT), pool=Pool("local", CEILING, "T1", CUT.stages))
    assert (await admission.admit(fit.case, spend)).wanted is CUT


@dataclass(eq=False)
class Unwilling(Hold):
    """A worker that does not begin, or one that would run what it is given."""

    begins: bool = False
    asked: int = 0

    async def run(self, permit: Any, on_output: Any, on_cancelled: Any) -> Any:
        self.asked += 1
        if not self.begins:
            raise NotBegun("told to")


async def test_the_worker_of_a_second_attempt_is_looked_at_again() -> None:
    """Though the lender, who was asked for less, gives one that is too old."""
    pool = Pool("local", CEILING, "T1", CUT.stages)
    here = World(scopes=known(SCOPE_REF.sha256, wanted=CUT), pool=pool)
    permit = await admission.admit(here.case, appended)
    offer = Offer("T1", (), ())
    first = Unwilling("a", 1, offer=offer, stages=CUT.stages)
    old = Unwilling("a", 1, offer=offer, begins=True)
    lent = [first, old]

    class Lender:
        async def lease(self, want: Want) -> Hold:
            return lent.pop(0)

        def leave(self, left: Hold) -> None: ...

    seat = Seat(Lender(), Want("a"))
    await seat.take()
    with pytest.raises(WorkerLost, match="cannot do the scope's stages"):
        await seat.run(permit, None, None)  # type: ignore[arg-type]

    assert (first.asked, old.asked) == (1, 0)


async def appended(_: Start) -> Appended:
    return Appended(1, b"\1" * 32, "")

"""Who holds a worker, and what comes after (docs/workers.md §1)."""

from __future__ import annotations

import asyncio

import pytest

from executor_svc.worker.tenancy import Next, Tenancy, Terms
from placet.rpc.errors import ServiceError


class House:
    """A tenancy whose tier and time are set by hand."""

    def __init__(self, *, concurrent_runs: int = 1, runs_left: int = 10, until: float = 100.0) -> None:
        self.tier, self.now = "T1", 0.0
        terms = Terms(concurrent_runs, runs_left, until)
        self.tenancy = Tenancy(terms, tier=lambda: self.tier, clock=lambda: self.now)


def reason(error: pytest.ExceptionInfo[ServiceError]) -> str:
    return f"{error.value.code.name}/{error.value.reason}"


async def test_one_lease_at_a_time() -> None:
    """1.1."""
    tenancy = House().tenancy
    lease = tenancy.grant()
    with pytest.raises(ServiceError) as error:
        tenancy.grant()
    tenancy.give_back(lease)
    tenancy.grant()

    assert reason(error) == "RESOURCE_EXHAUSTED/WORKER_LEASED"
    assert error.value.retry_after_s


async def test_a_run_names_its_lease() -> None:
    """1.3: no lease, another one, and one that is over."""
    tenancy = House().tenancy
    for wrong in (b"", b"\0" * 16):
        with pytest.raises(ServiceError) as none, tenancy.run(wrong):
            pass
    lease = tenancy.grant()
    with pytest.raises(ServiceError) as other, tenancy.run(b"\0" * 16):
        pass
    tenancy.give_back(lease)
    with pytest.raises(ServiceError) as over, tenancy.run(lease.id):
        pass

    assert {reason(none), reason(other), reason(over)} == {"FAILED_PRECONDITION/LEASE_UNKNOWN"}


async def test_the_lease_s_end_is_the_run_s_end() -> None:
    """1.4, and 1.5: what ran makes a new life necessary."""
    tenancy = House().tenancy
    lease = tenancy.grant()

    async def hang() -> None:
        with tenancy.run(lease.id) as held:
            tenancy.begin(held)
            await asyncio.Event().wait()

    running = asyncio.create_task(hang())
    await asyncio.sleep(0)
    tenancy.give_back(lease)
    await asyncio.wait([running])

    assert running.cancelled()
    assert tenancy.over.is_set()
    assert tenancy.next is Next.ANEW
    with pytest.raises(ServiceError):
        tenancy.grant()


async def test_a_lease_that_ran_nothing_leaves_a_fresh_worker() -> None:
    """1.5: also if a run was refused before it began."""
    tenancy = House().tenancy
    lease = tenancy.grant()
    with tenancy.run(lease.id):
        pass
    tenancy.give_back(lease)

    assert not tenancy.over.is_set()
    assert tenancy.grant().id != lease.id


async def test_no_more_runs_at_once_than_there_is_room_for() -> None:
    tenancy = House(concurrent_runs=1).tenancy
    lease = tenancy.grant()
    with tenancy.run(lease.id), pytest.raises(ServiceError) as error, tenancy.run(lease.id):
        pass

    assert reason(error) == "RESOURCE_EXHAUSTED/LEASE_FULL"


async def test_the_last_run_ends_the_worker() -> None:
    """1.7: it may end; none comes after it, and then the process is replaced."""
    tenancy = House(concurrent_runs=2, runs_left=1).tenancy
    lease = tenancy.grant()
    with tenancy.run(lease.id) as held:
        tenancy.begin(held)
        assert lease.ending.result() == "RUNS_USED"
        assert not lease.idle.is_set()
        with pytest.raises(ServiceError) as error, tenancy.run(lease.id):
            pass
    assert lease.idle.is_set()
    tenancy.give_back(lease)

    assert reason(error) == "UNAVAILABLE/LEASE_ENDING"
    assert tenancy.next is Next.REPLACE


@pytest.mark.parametrize("leased", [True, False])
async def test_a_worker_ends_when_its_time_is_over(leased: bool) -> None:
    """1.7: at once if nobody holds it."""
    house = House(until=100.0)
    lease = house.tenancy.grant() if leased else None
    house.now = 100.0
    house.tenancy.look()

    if lease is not None:
        assert lease.ending.result() == "TIME_USED"
        house.tenancy.give_back(lease)
    assert house.tenancy.next is Next.REPLACE
    assert house.tenancy.over.is_set()


async def test_lost_isolation_ends_a_lease_and_grants_none() -> None:
    """1.6: until a self-test passes again."""
    house = House()
    lease = house.tenancy.grant()
    house.tier = ""
    house.tenancy.look()
    assert lease.ending.result() == "ISOLATION_LOST"
    house.tenancy.give_back(lease)
    with pytest.raises(ServiceError) as error:
        house.tenancy.grant()
    assert not house.tenancy.over.is_set()
    house.tier = "T1"
    house.tenancy.grant()

    assert reason(error) == "UNAVAILABLE/ISOLATION_LOST"


async def test_being_told_to_stop_beats_beginning_anew() -> None:
    """Also when it is told while it already stops to begin anew."""
    tenancy = House().tenancy
    lease = tenancy.grant()
    tenancy.begin(lease)
    tenancy.stop()
    tenancy.look()
    assert lease.ending.result() == "DRAINING"
    tenancy.give_back(lease)
    assert tenancy.next is Next.STOP

    late = House().tenancy
    lease = late.grant()
    late.begin(lease)
    late.give_back(lease)
    late.stop()
    assert late.next is Next.STOP

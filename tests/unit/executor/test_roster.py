"""Whose turn it is to have a worker (docs/workers.md §3.6 and §3.7)."""

from __future__ import annotations

import asyncio

from executor_svc.fleet.roster import Lease, Roster, Waiter, Want


def got(waiter: Waiter) -> Lease | None:
    return waiter.lease.result() if waiter.lease.done() else None


async def test_a_lease_with_room_is_used_before_another_is_asked_for() -> None:
    """Of several, the one with the fewest runs."""
    roster, full, empty = Roster(), Lease("a", room=2, runs=1), Lease("a", room=2)
    roster.add(full)
    roster.add(empty)

    assert got(roster.ask(Want("a"))) is empty
    assert (full.runs, empty.runs, roster.wants()) == (1, 1, [])


async def test_tenants_do_not_share_a_lease() -> None:
    """Room of another tenant's is no room."""
    roster = Roster()
    roster.add(Lease("a", room=8))
    waiter = roster.ask(Want("b"))

    assert got(waiter) is None
    assert roster.wants() == [Want("b")]


async def test_whoever_waits_longest_is_first() -> None:
    """Room that becomes free goes to them in order."""
    roster, lease = Roster(), Lease("a", room=1)
    roster.add(lease)
    waiters = [roster.ask(Want("a")) for _ in range(3)]
    order = []
    for _ in range(3):
        order.append([got(waiter) is lease for waiter in waiters].count(True))
        roster.leave(lease)

    assert order == [1, 2, 3]


async def test_what_was_given_to_somebody_who_left_is_given_back() -> None:
    """And goes to the next."""
    roster, lease = Roster(), Lease("a", room=1)
    roster.add(lease)
    left, stays = roster.ask(Want("a")), roster.ask(Want("a"))
    given = roster.forget(left)
    assert given is lease
    roster.leave(given)

    assert got(stays) is lease
    assert lease.runs == 1


async def test_whoever_leaves_unserved_holds_nothing() -> None:
    """And is not waited for."""
    roster = Roster()
    waiter = roster.ask(Want("a"))

    assert roster.forget(waiter) is None
    assert roster.wants() == []


async def test_an_idle_lease_of_another_is_called_in_first() -> None:
    """The one that was not used for longest."""
    roster, busy, idle, idler = Roster(), Lease("a", 1, runs=1), Lease("a", 1), Lease("c", 1)
    for lease in (busy, idle, idler):
        roster.add(lease)
    assert got(roster.ask(Want("a"))) is idle
    roster.leave(idle)

    assert roster.call_in(Want("b")) is idler
    assert idler.closing
    assert not busy.closing


async def test_one_lease_is_called_in_for_a_tenant_at_a_time() -> None:
    """Until it is gone."""
    roster, first, second = Roster(), Lease("a", 1), Lease("a", 1)
    roster.add(first)
    roster.add(second)

    assert roster.call_in(Want("b")) is first
    assert roster.call_in(Want("b")) is None
    roster.remove(first)
    assert roster.call_in(Want("b")) is second


async def test_for_everybody_who_waits_one_is_called_in() -> None:
    """Nobody waits for another's turn: each gets the lease of a tenant that has more."""
    roster, leases = Roster(), [Lease("a", 1, runs=1) for _ in range(3)]
    for lease in leases:
        roster.add(lease)
    for tenant in ("b", "c", "b"):
        roster.ask(Want(tenant))
    called = [roster.call_in(want) for want in roster.wants()]

    assert roster.wants() == [Want("b"), Want("c")]
    assert called == leases[:2]


async def test_whoever_never_stops_is_called_in_too() -> None:
    """A lease that is called in takes no new runs, so that the crowd's next run does not keep it."""
    roster, lease = Roster(), Lease("crowd", room=1)
    roster.add(lease)
    crowd = [roster.ask(Want("crowd")) for _ in range(3)]
    roster.ask(Want("quiet"))
    assert roster.call_in(Want("quiet")) is lease
    roster.leave(lease)

    assert [got(waiter) is not None for waiter in crowd] == [True, False, False]
    assert lease.runs == 0


async def test_nobody_is_called_in_for_who_has_as_much() -> None:
    """Two leases against one are no reason: the next call would go the other way."""
    roster = Roster()
    for tenant in ("a", "a", "b"):
        roster.add(Lease(tenant, 1, runs=1))

    assert roster.call_in(Want("b")) is None
    roster.add(Lease("a", 1, runs=1))
    assert roster.call_in(Want("b")) is not None


async def test_waiting_ends_in_a_moment_when_a_worker_comes() -> None:
    """An answer to who waits needs no polling."""
    roster = Roster()
    waiter = roster.ask(Want("a"))
    roster.add(Lease("a", 1))

    assert await asyncio.wait_for(waiter.lease, 1) is not None


STAGED = frozenset({"cut", "deliver"})


async def test_a_lease_on_a_worker_without_the_stages_is_none() -> None:
    """3.11: room of the same tenant's on an older worker; one run more that wants no stages gets it."""
    roster, old, new = Roster(), Lease("a", room=2), Lease("a", room=2, stages=STAGED)
    roster.add(old)
    staged, plain = roster.ask(Want("a", frozenset({"cut"}))), roster.ask(Want("a"))

    assert (got(staged), got(plain)) == (None, old)
    roster.add(new)
    assert got(staged) is new


async def test_no_lease_is_called_in_whose_worker_lacks_the_stages() -> None:
    """3.11: it would have to go for nothing."""
    roster, old, new = Roster(), Lease("a", 1), Lease("a", 1, runs=1, stages=STAGED)
    roster.add(old)
    assert roster.call_in(Want("b", STAGED)) is None
    roster.add(new)

    assert roster.call_in(Want("b", STAGED)) is new
    assert not old.closing

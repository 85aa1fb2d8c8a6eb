"""The queue's list: what waits and in which order; a console that starts sees what one that followed saw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit_svc.console.item import told
from audit_svc.console.queue import Queue
from placet.audit.record import Record
from tests.fakes.audit_world import World
from tests.fakes.review_world import ReviewWorld, person, review_world

NOW = datetime.now(UTC)


@pytest.fixture
async def world(log_world: World, tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path, log_world) as world:
        yield world


def followed(world: ReviewWorld) -> Queue:
    queue = Queue()
    for entry in world.entries():
        queue.follow(entry, Record.decode(entry.leaf))
    return queue


async def started(world: ReviewWorld) -> Queue:
    queue = Queue()
    await queue.start(world.log)
    for entry in world.entries():  # what start has seen may come again
        queue.follow(entry, Record.decode(entry.leaf))
    return queue


def finding(severity: str) -> dict[str, object]:
    return {"rule_id": f"threat.of.{severity.lower()}", "severity": severity, "message": "m", "line": 1}


async def test_the_gravest_comes_first_and_of_two_alike_the_older(world: ReviewWorld) -> None:
    clean = await world.asked(request="a")
    medium = await world.asked(request="b", findings=[finding("INFO"), finding("MEDIUM")])
    high = await world.asked(request="c", findings=[finding("HIGH")])
    also_medium = await world.asked(request="d", findings=[finding("MEDIUM")])
    queue = followed(world)
    assert [item.index for item in queue.waiting(9)] == [high, medium, also_medium, clean]
    assert [item.index for item in queue.waiting(9, "age")] == [clean, medium, high, also_medium]


async def test_a_console_that_starts_sees_what_one_that_followed_saw(world: ReviewWorld) -> None:
    denied, allowed, signed, claimed, half = [
        await world.asked(request=f"r{n}", quorum=1 + (n == 4)) for n in range(5)
    ]
    # Its finding says a word by which people's verdicts are found.
    human = await world.asked(request="human", findings=[finding("MEDIUM") | {"message": "ask a human"}])
    await world.decide("ana", denied, "DENIED")
    await world.decide("ana", allowed)
    await world.decide("ben", signed)
    await world.approve("ben", signed)
    await world.claims.claim(person("ana"), claimed)
    await world.decide("cleo", half)
    one, other = followed(world), await started(world)
    assert [item.index for item in one.waiting(9, "age")] == [claimed, half, human]
    assert one.waiting(9) == other.waiting(9)
    assert len(one) == len(other) == 3
    assert one.waiting(9, "age") == other.waiting(9, "age")
    assert [item.index for item in one.unsigned("ana", NOW)] == [allowed]
    assert one.unsigned("ana", NOW) == other.unsigned("ana", NOW)
    assert not one.unsigned("ana", NOW + timedelta(hours=2))
    assert not one.unsigned("ben", NOW)


async def test_the_list_says_what_a_person_can_do_about_an_item(world: ReviewWorld) -> None:
    mine = await world.asked(request="mine", caller="spiffe://placet.local/caller/ana")
    claimed = await world.asked(request="claimed")
    half = await world.asked(request="half", quorum=2)
    free = await world.asked(request="free")
    await world.claims.claim(person("ben"), claimed)
    await world.decide("ana", half)
    states = {item.index: told(item, "ana", NOW) for item in followed(world).waiting(9)}
    assert states[mine]["state"] == "yours: somebody else decides"
    assert str(states[claimed]["state"]).startswith("ben is at it until")
    assert (states[half]["state"], states[half]["people"]) == ("you have decided", "1 of 2")
    assert states[free]["state"] == "open"


async def test_two_programs_of_one_request_are_two_items(world: ReviewWorld) -> None:
    first = await world.asked(program_sha256="1" * 64)
    second = await world.asked(program_sha256="2" * 64)
    assert [item.index for item in followed(world).waiting(9, "age")] == [first, second]

"""Which workers there are, and which are better not asked just now (docs/workers.md §3.9)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from executor_svc.fleet import known
from executor_svc.fleet.known import Known, Offer

OFFER = Offer("T1", ("namespaces",), ("pandas==3",))


class Source:
    """What is found, or fails."""

    interval_s = 0.0

    def __init__(self, *found: Iterable[str] | Exception) -> None:
        self.found = list(found)

    async def look(self) -> frozenset[str]:
        answer = self.found.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return frozenset(answer)


async def describe(_: str) -> Offer:
    return OFFER


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set by hand."""
    now = [1000.0]
    monkeypatch.setattr(known.time, "monotonic", lambda: now[0])
    return now


async def test_a_failure_leaves_what_is_known() -> None:
    """And whoever is waiting hears of changes only."""
    changes: list[None] = []
    found = Known(
        Source(["a"], OSError("no name server"), ["a"], ["b"]), describe, lambda: changes.append(None)
    )
    seen = []
    for _ in range(4):
        await found.look()
        seen.append((sorted(found.addresses), len(changes)))

    assert seen == [(["a"], 1), (["a"], 1), (["a"], 1), (["b"], 2)]


async def test_a_worker_that_was_refused_by_is_asked_again_later_each_time(clock: list[float]) -> None:
    """Up to a second; an answer makes it young again; one that is silent rests long."""
    found = Known(Source(["a", "b"]), describe, lambda: None)
    await found.look()
    rests = []
    for silent in (False, False, False, False, False, True):
        found.rest("a", silent=silent)
        since = clock[0]
        while "a" not in found.worth_asking({"b"}):
            clock[0] += 0.1
        rests.append(round(clock[0] - since, 1))
    found.heard("a", OFFER)
    found.rest("a")
    clock[0] += 0.11

    assert rests == sorted(rests)
    assert rests[0] < 0.3
    assert rests[4] < 1.2
    assert rests[5] > 10
    assert found.worth_asking(()) != []
    assert sorted(found.worth_asking(())) == ["a", "b"]


async def test_of_many_workers_each_is_heard_of_before_it_does_not_count(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when many others never answer: whoever was asked longest ago is asked first."""

    async def some(address: str) -> Offer:
        if address.startswith("dead"):
            clock[0] += 2 / 30  # as long as they take together
            raise OSError("gone")
        return OFFER

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    found = Known(Source([f"{kind}{n}" for n in range(60) for kind in ("live", "dead")]), some, lambda: None)
    await found.look()
    monkeypatch.setattr(known.asyncio, "sleep", sleep)
    heard = []
    for _ in range(50):
        await found.survey()
        heard.append(len(found.offers))

    assert set(heard[4:]) == {60}


async def test_only_who_was_heard_of_lately_counts(clock: list[float]) -> None:
    """One whose self-test fails says so by an empty tier, and does not count either."""
    found = Known(Source(["a", "b", "c"]), describe, lambda: None)
    await found.look()
    found.heard("a", OFFER)
    found.heard("b", Offer("", (), ()))
    found.heard("gone", OFFER)
    now = found.offers
    clock[0] += known.HEARD_S

    assert now == [OFFER]
    assert found.offers == []

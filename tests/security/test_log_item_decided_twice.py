"""Attack: an item is decided again, or by two people at once (docs/audit-format.md §4.6, §6.20)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import World, Writer, verdict
from tests.fakes.people import CONSOLE, KEYS, Deciding, at_the_console
from tests.fakes.weakened import without_step


async def denied(log: Writer) -> Deciding:
    item = await at_the_console(log)
    await item.decides("kim", verdict="DENIED")
    await item.closes("kim", "DENIED")
    return item


async def allows_afterwards(log: Writer) -> None:
    item = await denied(log)
    await item.decides("lee")


async def allows_afterwards_as_oneself(log: Writer) -> None:
    item = await denied(log)
    by: dict[str, object] = {"decided_by": "human:lee", "reviewed_index": item.item.index}
    await log.append("spiffe://placet.local/reviewer/lee", "verdict_reached", verdict(**by))


@pytest.mark.parametrize("story", [allows_afterwards, allows_afterwards_as_oneself])
async def test_the_log_refuses_the_second_decision(tmp_path: Path, story) -> None:
    """§4.6: the log MUST refuse every other one that names that item, whoever appends it."""
    world = World(tmp_path)
    async with world.writing() as log:
        with pytest.raises(ServiceError) as refused:
            await story(log)

    assert refused.value.reason == "REVIEW_DECIDED"
    assert [entry.kind for entry in world.entries()] == ["verdict_reached", "review_given", "verdict_reached"]
    assert world.verify().ok


async def test_of_two_who_decide_at_once_one_counts_and_the_other_is_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        item = await at_the_console(log)
        for name in KEYS:
            await item.decides(name)
        ends = await asyncio.gather(*map(item.closes, KEYS), return_exceptions=True)
    told = [end for end in ends if isinstance(end, ServiceError)]

    assert [end.reason for end in told] == ["REVIEW_DECIDED"] * (len(KEYS) - 1)
    assert world.verify().ok


async def test_whoever_lost_the_answer_gets_the_same_record_again(tmp_path: Path) -> None:
    """§4.2 goes before §4.6."""
    world = World(tmp_path)
    async with world.writing() as log:
        item = await at_the_console(log)
        await item.decides("kim")
        by: dict[str, object] = {"decided_by": "human:kim", "reviewed_index": item.item.index}
        first, again = [
            await log.append(CONSOLE, "verdict_reached", verdict(**by), key="close") for _ in range(2)
        ]

    assert first.index == again.index


@pytest.mark.parametrize("story", [allows_afterwards, allows_afterwards_as_oneself])
async def test_a_log_that_took_it_is_broken(tmp_path: Path, story, monkeypatch) -> None:
    """§6.20: one is decided once."""
    monkeypatch.setattr("audit_svc.batch.check_open", lambda *_: None)
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    report = world.verify()

    assert report.first_break is not None
    assert "was decided before, by record 2" in report.first_break.what

    without_step(monkeypatch, "review_given")
    without_step(monkeypatch, "verdict_reached")
    assert world.verify().ok

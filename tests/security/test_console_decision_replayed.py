"""Attack: a signed decision is used for something else, by somebody else, or later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.review_world import ReviewWorld, person, refused, review_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as world:
        yield world


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"decided_by": "human:ben"}, "APPROVAL_SIGNER_WRONG"),
        ({"program_sha256": b"x" * 32}, "DECISION_UNFIT"),
        ({"inputs": ()}, "DECISION_UNFIT"),
        ({"quorum": 2}, "DECISION_UNFIT"),
        ({"request_id": "another"}, "DECISION_UNFIT"),
        ({"review_token": b"x" * 32}, "REVIEW_CHANGED"),
        ({"review_token": None}, "REVIEW_CHANGED"),
        ({"reviewed": None}, "DECISION_UNFIT"),
    ],
)
async def test_a_decision_about_anything_else_is_refused(
    world: ReviewWorld, change: dict[str, object], reason: str
) -> None:
    index = await world.asked()
    with refused(reason):
        await world.decide("ana", index, **change)
    assert world.kinds() == ["verdict_reached"]


async def test_a_decision_of_one_item_does_not_decide_another(world: ReviewWorld) -> None:
    first, second = await world.asked(), await world.asked()
    envelope_, text = await world.signed("ana", first)
    with refused("REVIEW_CHANGED"):
        await world.decisions.decide(person("ana"), second, envelope_, text)


async def test_somebody_elses_decision_cannot_be_handed_in(world: ReviewWorld) -> None:
    index = await world.asked()
    envelope_, text = await world.signed("ana", index)
    with refused("DECISION_UNFIT"):
        await world.decisions.decide(person("ben"), index, envelope_, text)


async def test_an_old_decision_is_refused(world: ReviewWorld) -> None:
    index = await world.asked()
    envelope_, text = await world.signed("ana", index)
    world.ahead = timedelta(minutes=6)
    with refused("DECISION_OLD"):
        await world.decisions.decide(person("ana"), index, envelope_, text)

"""Attack: the scope is changed, or somebody votes, between what a person saw and what they sign."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.review_world import SCOPE, ReviewWorld, person, refused, review_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as world:
        yield world


async def test_what_changed_since_the_page_was_shown_is_said_and_nothing_is_recorded(
    world: ReviewWorld,
) -> None:
    index = await world.asked()
    envelope_, text = await world.signed("ana", index)
    world.load(SCOPE.replace(b"[pandas]", b"[pandas, numpy]").replace(b"version: 1", b"version: 2"))
    with refused("REVIEW_CHANGED") as raised:
        await world.decisions.decide(person("ana"), index, envelope_, text)
    assert raised.value.changes == ("the scope of this name has been changed meanwhile",)
    assert world.kinds() == ["verdict_reached"]


async def test_a_vote_of_somebody_else_is_a_change(world: ReviewWorld) -> None:
    index = await world.asked(quorum=2)
    ana = await world.signed("ana", index)
    await world.decide("ben", index)
    with refused("REVIEW_CHANGED") as raised:
        await world.decisions.decide(person("ana"), index, *ana)
    assert raised.value.changes == ("somebody else has decided meanwhile",)

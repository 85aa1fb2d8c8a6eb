"""Attack: whoever asked for a program allows it as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.review_world import ReviewWorld, person, refused, review_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as world:
        yield world


@pytest.mark.parametrize("kind", ["caller", "reviewer"])
async def test_whoever_asked_does_not_decide(world: ReviewWorld, kind: str) -> None:
    index = await world.asked(caller=f"spiffe://placet.local/{kind}/ana")
    with refused("OWN_REQUEST"):
        await world.decide("ana", index)
    with refused("OWN_REQUEST"):
        await world.claims.claim(person("ana"), index)
    assert world.kinds() == ["verdict_reached"]

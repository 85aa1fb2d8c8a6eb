"""Attack: a decision or an approval signed with a key that is not the person's, or over other words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from placet.approval import SigningKey, envelope
from placet.rpc.errors import ServiceError
from tests.fakes.review_world import ReviewWorld, person, refused, review_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as world:
        yield world


async def test_a_key_that_is_not_trusted_or_revoked_decides_nothing(world: ReviewWorld) -> None:
    index = await world.asked()
    world.keys["ana"] = SigningKey.generate()
    with refused("APPROVAL_KEY_UNKNOWN"):
        await world.decide("ana", index)
    world.revoke("ben")
    with refused("APPROVAL_KEY_REVOKED"):
        await world.decide("ben", index)
    assert world.kinds() == ["verdict_reached"]


async def test_only_what_was_handed_out_is_taken_as_signed(world: ReviewWorld) -> None:
    index = await world.asked()
    await world.decide("ana", index)
    key = world.keys["ana"]
    payload = await world.decisions.statement(person("ana"), index, key.key_id)
    forged = payload.replace(b'"memoryMib":512', b'"memoryMib":4096')
    assert forged != payload
    with refused("STATEMENT_UNKNOWN"):
        await world.decisions.sign(person("ana"), index, envelope.sign(forged, key))
    with refused("KEY_NOT_YOURS"):
        await world.decisions.sign(person("ana"), index, envelope.sign(payload, world.keys["ben"]))
    await world.decisions.sign(person("ana"), index, envelope.sign(payload, key))
    with refused("SIGNED_ALREADY"):
        await world.decisions.sign(person("ana"), index, envelope.sign(payload, key))
    assert not world.verify().breaks


async def test_a_proposal_that_was_changed_in_the_database_is_noticed(world: ReviewWorld) -> None:
    index = await world.asked()
    world.world.tamper(
        "UPDATE body SET content = CAST(replace(CAST(content AS TEXT), '512', '999') AS BLOB) "
        "WHERE role = 'proposal'"
    )
    with pytest.raises(ServiceError, match="LOG_INCONSISTENT"):
        await world.decide("ana", index)

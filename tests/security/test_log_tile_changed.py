"""Attack: a stored tile is changed, so that the log gives out false proofs for records that are whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.audit_world import GUARD, World, verdict
from tests.fakes.weakened import without


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    async with world.writing() as log:
        await asyncio.gather(*(log.append(GUARD, "verdict_reached", verdict()) for _ in range(600)))
    return world


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("UPDATE tile SET hashes = zeroblob(8192) WHERE idx = 1", 256),
        ("UPDATE tile SET hashes = CAST(substr(hashes, 1, 8191) || x'00' AS BLOB) WHERE idx = 0", 0),
        ("DELETE FROM tile WHERE idx = 1", 256),
        ("UPDATE tile SET idx = 7 WHERE idx = 1", 256),
        ("INSERT INTO tile SELECT 0, 2, hashes FROM tile WHERE idx = 0", 2),
        ("INSERT INTO tile SELECT 1, 0, hashes FROM tile WHERE idx = 0", None),
    ],
)
async def test_it_is_named(world: World, statement: str, index: int | None, monkeypatch) -> None:
    """docs/audit-format.md §6.14."""
    assert world.verify().ok
    world.tamper(statement)
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == index
    assert "tile" in report.first_break.what

    without(monkeypatch, "tiles")
    assert world.verify().ok, "nothing but this check finds it"

"""Attack: a record stays whole, but what it is found by is changed, so that nobody finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_world import GUARD, World, verdict
from tests.fakes.weakened import without

FINDINGS = [{"rule_id": rule, "severity": "HIGH"} for rule in ("threat.b", "threat.a", "threat.a")]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        await log.append(GUARD, "verdict_reached", verdict(verdict="DENIED", findings=FINDINGS), key="k5")
    return world


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "heartbeat"),
        ("request_id", "another"),
        ("actor", "nobody"),
        ("approval_id", "another"),
        ("idempotency_key", "another"),
        ("time", "2020-01-01T00:00:00.000000Z"),
        ("caller", "another"),
        ("scope", "another"),
        ("verdict", "ALLOWED"),
    ],
)
async def test_a_changed_column_is_named(world: World, column: str, value: str, monkeypatch) -> None:
    world.tamper(f"UPDATE log_entry SET {column} = '{value}' WHERE idx = 4")
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == 4
    assert "column" in report.first_break.what

    without(monkeypatch, "columns")
    assert world.verify().ok, "nothing but this check finds it"


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("DELETE FROM finding_rule WHERE rule = 'threat.a'", 4),
        ("UPDATE finding_rule SET rule = 'threat.c' WHERE rule = 'threat.b'", 4),
        ("INSERT INTO finding_rule VALUES (0, 'threat.a')", 0),
        ("INSERT INTO finding_rule VALUES (9, 'threat.a')", 9),
    ],
)
async def test_a_changed_rule_is_named(world: World, statement: str, index: int, monkeypatch) -> None:
    """docs/audit-format.md §6.14."""
    world.tamper(statement)
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == index

    without(monkeypatch, "rules")
    assert world.verify().ok, "nothing but this check finds it"

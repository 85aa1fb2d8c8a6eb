"""Attack: records are changed, and who looks at bytes alone is to miss it (docs/audit-format.md §6.29)."""

from __future__ import annotations

import pytest

from placet.audit import verify
from tests.fakes.audit_world import World


@pytest.fixture
async def world(log_world: World) -> World:
    async with log_world.writing() as log:
        await log.whole_run()
    return log_world


async def test_untouched_records_are_proven_and_nothing_more_is_claimed(world: World) -> None:
    """§6.29: it MUST say that it looked at nothing else."""
    report = world.verify(bytes_only=True)

    assert report.ok, report.first_break
    assert (report.records, report.runs_finished, report.bodies_present) == (4, 0, 0)
    assert report.to_json()["bytes_only"] is True
    told = report.lines()
    assert told[0].endswith(": BYTES VERIFIED")
    assert any(line.strip().startswith("not looked at: what the records say") for line in told)
    assert not any("each run:" in line or "bodies:" in line for line in told)


@pytest.mark.parametrize("column", ["leaf", "leaf_hash"])
@pytest.mark.parametrize("index", range(4))
async def test_one_bit_of_a_record_or_its_hash_is_found(world: World, column: str, index: int) -> None:
    world.flip("log_entry", column, index)
    found = world.verify(bytes_only=True).first_break

    assert found is not None
    assert found.index == index


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM log_entry WHERE idx = 1",
        "DELETE FROM log_entry WHERE idx = 3",
        "UPDATE log_entry SET idx = idx + 1 WHERE idx = 3",
        "INSERT INTO checkpoint SELECT 5, note FROM checkpoint WHERE size = 4",
    ],
)
async def test_a_row_that_is_gone_moved_or_invented_is_found(world: World, statement: str) -> None:
    world.tamper(statement)

    assert not world.verify(bytes_only=True).ok


async def test_a_record_that_was_rewritten_with_its_hash_is_found(world: World) -> None:
    world.tamper(
        *(
            f"UPDATE log_entry SET {column} = (SELECT {column} FROM log_entry WHERE idx = 2) WHERE idx = 1"
            for column in ("leaf", "leaf_hash")
        )
    )
    found = world.verify(bytes_only=True).first_break

    assert found is not None
    assert "do not give the root" in found.what


async def test_a_cut_tail_contradicts_the_checkpoint_outside(world: World) -> None:
    world.tamper("DELETE FROM log_entry WHERE idx >= 2", "DELETE FROM checkpoint WHERE size > 2")

    assert not world.verify(bytes_only=True).ok


async def test_a_column_beside_the_bytes_is_for_the_whole_verification(world: World) -> None:
    world.flip("log_entry", "kind", 2)

    assert world.verify(bytes_only=True).ok
    assert not world.verify().ok


async def test_without_looking_at_hashes_a_changed_record_passes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.flip("log_entry", "leaf", 2)
    assert not world.verify(bytes_only=True).ok

    monkeypatch.setattr(verify, "hashed", lambda _row, _index: b"")
    assert world.verify(bytes_only=True).ok

"""Attack: a record disappears, moves, or changes places with another."""

import pytest

from tests.fakes.audit_world import World


@pytest.fixture
async def world(log_world: World) -> World:
    async with log_world.writing() as log:
        await log.whole_run()
    return log_world


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_a_dropped_record_is_named(world: World, index: int) -> None:
    world.tamper(f"DELETE FROM log_entry WHERE idx = {index}", f"DELETE FROM body WHERE idx = {index}")
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == index
    assert "missing" in report.first_break.what


async def test_closing_the_gap_does_not_help(world: World) -> None:
    world.tamper(
        "DELETE FROM log_entry WHERE idx = 1",
        "UPDATE log_entry SET idx = 1 WHERE idx = 2",
        "UPDATE log_entry SET idx = 2 WHERE idx = 3",
        "DELETE FROM body",
    )

    assert not world.verify().ok


async def test_two_swapped_records_are_found(world: World) -> None:
    world.tamper(
        "UPDATE log_entry SET idx = 100 WHERE idx = 1",
        "UPDATE log_entry SET idx = 1 WHERE idx = 2",
        "UPDATE log_entry SET idx = 2 WHERE idx = 100",
        "UPDATE body SET idx = 2 WHERE idx = 1",
    )
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == 1


async def test_an_invented_record_at_the_end_is_found(world: World) -> None:
    world.tamper(
        "INSERT INTO log_entry SELECT 4, leaf, leaf_hash, kind, request_id, actor, approval_id, '', "
        "time, caller, scope, verdict FROM log_entry WHERE idx = 0"
    )

    assert not world.verify().ok


@pytest.mark.parametrize("log_world", ["sqlite"], indirect=True)
async def test_the_triggers_refuse_an_honest_mistake(world: World) -> None:
    import sqlite3

    db = sqlite3.connect(world.database)
    for statement in (
        "DELETE FROM log_entry",
        "UPDATE log_entry SET kind = 'x'",
        "UPDATE body SET content = x'00'",
        "DELETE FROM checkpoint",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)
    db.close()


async def test_a_body_that_was_taken_out_without_a_record_is_named(world: World) -> None:
    """docs/audit-format.md §9.5."""
    world.tamper("DELETE FROM body WHERE idx = 0")
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == 0
    assert "without a record" in report.first_break.meaning

"""Attack: the database's administrator changes one bit of one stored value."""

import pytest

from tests.fakes.audit_world import World

RECORDS = [
    (column, index) for index in range(4) for column in ("leaf", "leaf_hash", "kind", "request_id", "actor")
]


@pytest.fixture
async def world(log_world: World) -> World:
    async with log_world.writing() as log:
        await log.whole_run()
    return log_world


async def test_the_untouched_log_is_proven(world: World) -> None:
    report = world.verify()

    assert report.ok, report.first_break
    assert (report.records, report.runs_finished, report.bodies_present) == (4, 1, 4)


@pytest.mark.parametrize(("column", "index"), [*RECORDS, ("approval_id", 2), ("idempotency_key", 1)])
async def test_a_changed_record_column_is_found_at_its_record(world: World, column: str, index: int) -> None:
    world.flip("log_entry", column, index)
    report = world.verify()

    assert report.exit_code == 1
    assert report.first_break is not None
    assert report.first_break.index == index
    assert f"record {index}" in report.first_break.what


@pytest.mark.parametrize("column", ["idx", "role", "salt", "content"])
async def test_a_changed_body_is_found(world: World, column: str) -> None:
    world.flip("body", column, 1)

    assert not world.verify().ok


@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_a_changed_stored_checkpoint_is_found(world: World, size: int) -> None:
    world.flip("checkpoint", "note", size)

    assert not world.verify().ok


async def test_every_bit_of_the_checkpoint_file_counts(world: World) -> None:
    original = world.checkpoint.read_bytes()
    unnoticed = []
    for position in range(len(original)):
        changed = bytearray(original)
        changed[position] ^= 1
        world.checkpoint.write_bytes(bytes(changed))
        if world.verify().ok:
            unnoticed.append(position)

    assert unnoticed == []


@pytest.mark.parametrize("log_world", ["sqlite"], indirect=True)
async def test_every_byte_of_every_leaf_counts(world: World) -> None:
    import sqlite3

    with sqlite3.connect(world.database) as db:
        length = db.execute("SELECT length(leaf) FROM log_entry WHERE idx = 2").fetchone()[0]
    world.unguard()
    unnoticed = []
    for position in range(0, length, 7):
        with sqlite3.connect(world.database) as db:
            leaf = bytearray(db.execute("SELECT leaf FROM log_entry WHERE idx = 2").fetchone()[0])
            leaf[position] ^= 1
            db.execute("UPDATE log_entry SET leaf = ? WHERE idx = 2", (bytes(leaf),))
        if world.verify().ok:
            unnoticed.append(position)
        with sqlite3.connect(world.database) as db:
            leaf[position] ^= 1
            db.execute("UPDATE log_entry SET leaf = ? WHERE idx = 2", (bytes(leaf),))

    assert unnoticed == []
    assert world.verify().ok

"""docs/audit-format.md §7.7: a log of schema 1 goes on under schema 2, or stays what it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import StoreFailed
from placet.audit.reader import LogReader, Query
from tests.fakes.audit_world import World

SCHEMA_1 = """
CREATE TABLE log_entry (
  idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL, kind TEXT NOT NULL,
  request_id TEXT NOT NULL, actor TEXT NOT NULL, approval_id TEXT NOT NULL, idempotency_key TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX spent_once ON log_entry (approval_id) WHERE kind = 'run_started';
CREATE UNIQUE INDEX retried_once ON log_entry (actor, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX by_request ON log_entry (request_id);
CREATE INDEX by_kind ON log_entry (kind);
CREATE TABLE body (
  idx INTEGER NOT NULL, role TEXT NOT NULL, salt BLOB NOT NULL, content BLOB NOT NULL, PRIMARY KEY (idx, role)
) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TRIGGER log_entry_kept BEFORE DELETE ON log_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER log_entry_fixed BEFORE UPDATE ON log_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER checkpoint_kept BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER checkpoint_fixed BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER body_fixed BEFORE UPDATE ON body BEGIN SELECT RAISE(ABORT, 'erase, never change'); END;
PRAGMA user_version = 1;
"""
RUNS = 70


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """A log of schema 1 with a full tile, as the first edition of the service left it."""
    world = World(tmp_path)
    async with world.writing() as log:
        for run in range(RUNS):
            await log.whole_run(f"-{run}")
    set_back(world.database)
    return world


def set_back(database: Path) -> None:
    """Rewrite a database of schema 2 as one of schema 1 with the same records."""
    new = database.with_name("new")
    database.rename(new)
    db = sqlite3.connect(database)
    db.executescript(SCHEMA_1)
    db.execute("ATTACH ? AS new", (str(new),))
    fields = "idx, leaf, leaf_hash, kind, request_id, actor, approval_id, idempotency_key"
    db.execute(f"INSERT INTO log_entry SELECT {fields} FROM new.log_entry")
    db.execute("INSERT INTO body SELECT idx, role, salt, content FROM new.body")
    db.execute("INSERT INTO checkpoint SELECT * FROM new.checkpoint")
    db.commit()
    db.close()


def dump(database: Path) -> list[str]:
    db = sqlite3.connect(database)
    try:
        return list(db.iterdump())
    finally:
        db.close()


async def test_it_goes_on_and_is_proven_whole(world: World) -> None:
    async with world.writing() as log:
        done = (await log.whole_run("more"))[0]

    assert done.index == 4 * RUNS
    report = world.verify()
    assert report.ok, report.first_break
    assert report.records == 4 * RUNS + 4
    with LogReader(world.database) as reader:
        assert len(reader.tile(0, 0)) == 8192
        assert len(list(reader.find(Query(kind="verdict_reached", limit=1000)))) == RUNS + 1
    db = sqlite3.connect(world.database)
    assert db.execute("SELECT count(*) FROM body").fetchone() == (4 * (RUNS + 1),)
    left = "SELECT name FROM sqlite_master WHERE name LIKE '%\\_1' ESCAPE '\\' AND name NOT LIKE 'sqlite%'"
    assert db.execute(left).fetchall() == []
    db.close()


async def test_a_record_that_is_not_valid_leaves_everything_as_it_was(world: World) -> None:
    db = sqlite3.connect(world.database)
    db.execute("DROP TRIGGER log_entry_fixed")
    db.execute("UPDATE log_entry SET leaf = x'00' WHERE idx = 100")
    db.commit()
    db.close()
    before = dump(world.database)

    store = SqliteStore(world.database)
    with pytest.raises(StoreFailed, match="record 100 is not valid"):
        store.lead()
    store.close()

    assert dump(world.database) == before


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "later")
    db.execute("PRAGMA user_version = 3")
    db.close()

    store = SqliteStore(tmp_path / "later")
    for _ in range(2):
        with pytest.raises(StoreFailed, match="schema 3"):
            store.lead()
    store.close()

"""Attack: a record is rewritten consistently, with its hash and its columns, but without the log's key."""

import json
import sqlite3
from pathlib import Path

from placet.audit.merkle import leaf_hash
from placet.audit.record import canonical
from tests.fakes.audit_world import World


async def test_a_consistent_rewrite_contradicts_the_signed_root_of_that_record(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        await log.whole_run("2")
    world.unguard()
    with sqlite3.connect(world.database) as db:
        (leaf,) = db.execute("SELECT leaf FROM log_entry WHERE idx = 3").fetchone()
        record = json.loads(leaf)
        record["body"]["exit_code"] = 1
        forged = canonical(record)
        db.execute("UPDATE log_entry SET leaf = ?, leaf_hash = ? WHERE idx = 3", (forged, leaf_hash(forged)))

    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == 3
    assert "rewritten" in report.first_break.meaning


async def test_it_is_found_by_the_checkpoint_file_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    world.unguard()
    with sqlite3.connect(world.database) as db:
        db.execute("DELETE FROM checkpoint")
        (leaf,) = db.execute("SELECT leaf FROM log_entry WHERE idx = 3").fetchone()
        forged = leaf.replace(b'"exit_code":0', b'"exit_code":1')
        db.execute("UPDATE log_entry SET leaf = ?, leaf_hash = ? WHERE idx = 3", (forged, leaf_hash(forged)))

    report = world.verify()

    assert report.first_break is not None
    assert "records 0 to 3" in report.first_break.what

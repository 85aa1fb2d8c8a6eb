"""Attack: the database's own guards are taken away, so that the next mistake or forgery meets nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from audit_svc.store.sqlite_schema import SCHEMA
from audit_svc.store.types import StoreFailed
from tests.fakes.audit_world import World

GUARDS = re.findall(r"CREATE (TRIGGER|UNIQUE INDEX) (\w+)", SCHEMA)


@pytest.mark.parametrize(("kind", "name"), GUARDS)
async def test_it_does_not_start_without_it_and_names_it(tmp_path: Path, kind: str, name: str) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    with closing(sqlite3.connect(world.database)) as db:
        db.execute(f"DROP {kind.removeprefix('UNIQUE ')} {name}")

    with pytest.raises(StoreFailed, match=name):
        async with world.writing():
            pass


async def test_it_does_not_start_with_a_trigger_that_is_not_its_own(tmp_path: Path) -> None:
    """Such as one that changes what is written."""
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    with closing(sqlite3.connect(world.database)) as db:
        db.execute("CREATE TRIGGER hides AFTER INSERT ON finding_rule BEGIN SELECT 1; END")

    with pytest.raises(StoreFailed, match="hides"):
        async with world.writing():
            pass


def test_all_tables_of_the_log_have_their_guards() -> None:
    tables = set(re.findall(r"CREATE TABLE (\w+)", SCHEMA))
    for moment in ("UPDATE", "DELETE"):
        assert set(re.findall(rf"BEFORE {moment} ON (\w+)", SCHEMA)) == tables

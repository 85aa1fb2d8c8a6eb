"""Bring a SQLite log of schema 1 to the present schema: the same records, with what is derived from them.

Knows the tables of schema 1. Runs inside the caller's transaction; a crash leaves schema 1 as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from audit_svc.store.types import Growth, NewEntry, StoreFailed
from placet.audit.columns import class_of
from placet.audit.record import Record, RecordInvalid
from placet.audit.tiles import Frontier

_TABLES: Final = ("log_entry", "body", "checkpoint")
_BATCH: Final = 1024


def set_aside(db: sqlite3.Connection) -> None:
    """Rename the old tables, and free the names of their indexes and triggers."""
    found = "SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('index', 'trigger')"
    for kind, name in db.execute(found).fetchall():
        db.execute(f"DROP {kind} {name}")
    for table in _TABLES:
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_1")


def grown_again(db: sqlite3.Connection) -> Iterator[Growth]:
    """The old records, to be inserted batch by batch. Raises StoreFailed at one that is not valid."""
    frontier = Frontier()
    rows = db.execute("SELECT idx, leaf FROM log_entry_1 ORDER BY idx")
    while batch := rows.fetchmany(_BATCH):
        entries = [_new_entry(*row) for row in batch]
        tiles = [tile for new in entries for tile in frontier.append(new.entry.leaf_hash)]
        yield Growth(entries, tiles, frontier.size, "")


def leave(db: sqlite3.Connection) -> None:
    """Move what needs no derivation, and drop the old tables. Bodies that were erased have no row to move."""
    db.create_function("class_of", 1, class_of, deterministic=True)
    db.execute("INSERT INTO body SELECT idx, role, class_of(role), salt, content, NULL FROM body_1")
    db.execute("INSERT INTO checkpoint SELECT size, note FROM checkpoint_1")
    for table in _TABLES:
        db.execute(f"DROP TABLE {table}_1")


def _new_entry(index: int, leaf: bytes) -> NewEntry:
    try:
        return NewEntry.of(index, Record.decode(leaf), leaf)
    except RecordInvalid as error:
        raise StoreFailed(
            f"record {index} is not valid, so this log of schema 1 cannot be brought to schema 2: {error}"
        ) from error

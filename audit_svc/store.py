"""The log's SQLite database: appends whole batches or nothing, and is read-only for everybody else.

Knows SQL and the tables of docs/audit-format.md §7. Must not know hashing, signing or who may append.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from placet.audit.reader import Entry, StoredBody

SCHEMA_VERSION: Final = 1
_BUSY_TIMEOUT_S: Final = 5.0

_SCHEMA: Final = """
CREATE TABLE log_entry (
  idx INTEGER PRIMARY KEY,
  leaf BLOB NOT NULL,
  leaf_hash BLOB NOT NULL,
  kind TEXT NOT NULL,
  request_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  approval_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX spent_once ON log_entry (approval_id) WHERE kind = 'run_started';
CREATE UNIQUE INDEX retried_once ON log_entry (actor, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX by_request ON log_entry (request_id);
CREATE INDEX by_kind ON log_entry (kind);
CREATE TABLE body (
  idx INTEGER NOT NULL,
  role TEXT NOT NULL,
  salt BLOB NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (idx, role)
) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TRIGGER log_entry_kept BEFORE DELETE ON log_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER log_entry_fixed BEFORE UPDATE ON log_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER checkpoint_kept BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER checkpoint_fixed BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER body_fixed BEFORE UPDATE ON body BEGIN SELECT RAISE(ABORT, 'erase, never change'); END;
"""
# A body may be deleted: that is how content is erased while its digest stays proven.


class StoreFailed(Exception):  # noqa: N818 - named for the state it reports
    """The database could not take a batch; nothing of it was written."""


@dataclass(frozen=True)
class NewEntry:
    """A record to append with its bodies."""

    entry: Entry
    bodies: tuple[StoredBody, ...]


class Store:
    """The writing connection. Blocking; for one thread at a time (the sequencer's)."""

    def __init__(self, database: Path) -> None:
        """Open or create. Raises StoreFailed when it cannot, or when the schema is of another version."""
        try:
            self._db = sqlite3.connect(
                database, isolation_level=None, timeout=_BUSY_TIMEOUT_S, check_same_thread=False
            )
            self._prepare()
        except sqlite3.Error as error:
            raise StoreFailed(f"{database}: {error}") from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise StoreFailed(f"the database has schema {version}; this service knows {SCHEMA_VERSION}")

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def leaf_hashes(self) -> Iterator[tuple[int, bytes]]:
        """(index, leaf hash) of every record, in order."""
        yield from self._db.execute("SELECT idx, leaf_hash FROM log_entry ORDER BY idx")

    def last_checkpoint(self) -> str | None:
        """The note of the last committed batch."""
        row = self._db.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        return row[0] if row else None

    def newest_leaf(self) -> bytes | None:
        """The leaf of the newest record."""
        row = self._db.execute("SELECT leaf FROM log_entry ORDER BY idx DESC LIMIT 1").fetchone()
        return row[0] if row else None

    def same_key(self, actor: str, key: str) -> Entry | None:
        """The record that `actor` appended under this idempotency key."""
        return self._one("actor = ? AND idempotency_key = ? AND idempotency_key <> ''", actor, key)

    def start_of(self, approval_id: str) -> Entry | None:
        """The run_started record that used this approval."""
        return self._one("approval_id = ? AND kind = 'run_started'", approval_id)

    def salts(self, index: int) -> dict[str, bytes]:
        """Role → salt of the bodies of a record that are still kept."""
        try:
            return dict(self._db.execute("SELECT role, salt FROM body WHERE idx = ?", (index,)))
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    def commit(self, batch: Sequence[NewEntry], size: int, note: str) -> None:
        """Make records, bodies and the checkpoint over them durable together. Raises StoreFailed."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._insert(batch, size, note)
            self._db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._roll_back()
            raise StoreFailed(str(error)) from error

    def _insert(self, batch: Sequence[NewEntry], size: int, note: str) -> None:
        self._db.executemany(
            "INSERT INTO log_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [_row(new.entry) for new in batch]
        )
        self._db.executemany(
            "INSERT INTO body VALUES (?, ?, ?, ?)",
            [(new.entry.index, b.role, b.salt, b.content) for new in batch for b in new.bodies],
        )
        self._db.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))

    def _roll_back(self) -> None:
        """After some errors SQLite has rolled back by itself; there is then nothing to roll back."""
        if self._db.in_transaction:
            self._db.rollback()

    def _one(self, where: str, *values: str) -> Entry | None:
        sql = f"SELECT * FROM log_entry WHERE {where}"  # noqa: S608 - `where` is one of the two words above
        try:
            row = self._db.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error
        return Entry(*row) if row else None


def _row(entry: Entry) -> tuple[int, bytes, bytes, str, str, str, str, str]:
    return (
        entry.index,
        entry.leaf,
        entry.leaf_hash,
        entry.kind,
        entry.request_id,
        entry.actor,
        entry.approval_id,
        entry.idempotency_key,
    )

"""The log in a SQLite database: appends whole batches or nothing, and is read-only for everybody else.

Knows SQL and the tables of docs/audit-format.md §7. Must not know hashing, signing or who may append.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from audit_svc.store import sqlite_v1
from audit_svc.store.sqlite_schema import GUARDS, SCHEMA
from audit_svc.store.types import SCHEMA_VERSION, Growth, NewEntry, StoreFailed
from placet.audit.columns import class_of
from placet.audit.reader import Entry
from placet.audit.tiles import Tile

_BUSY_TIMEOUT_S: Final = 5.0
_CACHE_KIB: Final = 64 * 1024
"""Pages kept in memory: the indexes on random ids stay within it far beyond a million records."""

_CHECKPOINT_PAGES: Final = 16_384
"""How large the write-ahead log grows, 64 MiB, before its pages move to the database: a page that many
batches change moves once, and appends seldom wait for it."""


class SqliteStore:
    """`Store` over one file. Before anything else, `lead`: it also brings the schema up to date."""

    def __init__(self, database: Path) -> None:
        """Open or create. Raises StoreFailed."""
        self._path = database
        self._lock: int | None = None
        self._traces = True
        """Whether the write-ahead log may hold erased content; of an earlier process, at first."""
        with _failures():
            self._db = sqlite3.connect(
                database, isolation_level=None, timeout=_BUSY_TIMEOUT_S, check_same_thread=False
            )

    def close(self) -> None:
        """See Store."""
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def lead(self) -> bool:
        """See Store: a lock on the file `<database>.writer`, which the kernel drops with the process."""
        if self._lock is not None:
            return True
        with _failures():
            handle = os.open(f"{self._path}.writer", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._prepare()
            except BlockingIOError:
                os.close(handle)
                return False
            except BaseException:
                os.close(handle)
                raise
        self._lock = handle
        return True

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            self._check_guards()
            return
        if version not in (0, 1):
            raise StoreFailed(f"the database has schema {version}; this service knows {SCHEMA_VERSION}")
        with self._transaction():
            if version == 1:
                sqlite_v1.set_aside(self._db)
            for statement in SCHEMA.split(";\n"):
                self._db.execute(statement)
            if version == 1:
                for growth in sqlite_v1.grown_again(self._db):
                    self._insert(growth.entries, growth.tiles)
                sqlite_v1.leave(self._db)
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _check_guards(self) -> None:
        """Triggers and unique indexes are what keeps a mistake of ours, or of anybody, out of the log."""
        with closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript(SCHEMA)
            meant, found = (dict(db.execute(GUARDS)) for db in (fresh, self._db))
        if wrong := sorted(name for name in meant | found if meant.get(name) != found.get(name)):
            raise StoreFailed(
                f"triggers or unique indexes of the database were removed or changed: {', '.join(wrong)}. "
                "Find out who did it, run `placet audit verify`, and restore a good copy."
            )

    def size(self) -> int:
        """See Store."""
        (size,) = self._rows("SELECT coalesce(max(idx) + 1, 0) FROM log_entry")[0]
        return int(size)

    def leaf_hashes(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """See Store."""
        with _failures():
            yield from self._db.execute(
                "SELECT idx, leaf_hash FROM log_entry WHERE idx >= ? ORDER BY idx", (start,)
            )

    def tile(self, level: int, index: int) -> bytes | None:
        """See Store."""
        rows = self._rows("SELECT hashes FROM tile WHERE level = ? AND idx = ?", level, index)
        return rows[0][0] if rows else None

    def last_checkpoint(self) -> str | None:
        """See Store."""
        rows = self._rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return rows[0][0] if rows else None

    def newest_leaf(self) -> bytes | None:
        """See Store."""
        rows = self._rows("SELECT leaf FROM log_entry ORDER BY idx DESC LIMIT 1")
        return rows[0][0] if rows else None

    def same_keys(self, actor: str, keys: Collection[str]) -> Mapping[str, Entry]:
        """See Store. The index is named, here and below: another plan walks through half of the log."""
        among, value = _among(keys)  # one of two conditions of ours
        rows = self._rows(
            "SELECT * FROM log_entry INDEXED BY retried_once WHERE actor = ? AND idempotency_key <> ''"  # noqa: S608
            f" AND idempotency_key {among}",
            actor,
            value,
        )
        return {entry.idempotency_key: entry for entry in (Entry(*row) for row in rows)}

    def spent(self, approval_ids: Collection[str]) -> Set[str]:
        """See Store."""
        among, value = _among(approval_ids)
        rows = self._rows(
            "SELECT approval_id FROM log_entry INDEXED BY spent_once WHERE kind = 'run_started'"  # noqa: S608
            f" AND approval_id {among}",
            value,
        )
        return {str(approval_id) for (approval_id,) in rows}

    def first_at(self, time: str) -> int:
        """See Store."""
        rows = self._rows("SELECT idx FROM log_entry WHERE time >= ? ORDER BY time, idx LIMIT 1", time)
        return int(rows[0][0]) if rows else self.size()

    def leaves(self, kinds: Collection[str], start: int, end: int) -> Iterator[bytes]:
        """See Store. Along the records themselves: another plan would sort them."""
        sql = (
            "SELECT leaf FROM log_entry NOT INDEXED WHERE idx >= ? AND idx < ?"
            " AND kind IN (SELECT value FROM json_each(?)) ORDER BY idx"
        )
        with _failures():
            for (leaf,) in self._db.execute(sql, (start, end, json.dumps(list(kinds)))):
                yield bytes(leaf)

    def verdicts(self, request_ids: Collection[str], not_by: str) -> Iterator[bytes]:
        """See Store."""
        rows = self._rows(
            "SELECT leaf FROM log_entry INDEXED BY by_request WHERE request_id <> ''"
            " AND request_id IN (SELECT value FROM json_each(?)) AND kind = 'verdict_reached' AND actor <> ?",
            json.dumps(list(request_ids)),
            not_by,
        )
        return (bytes(leaf) for (leaf,) in rows)

    def salts(self, index: int) -> Mapping[str, bytes]:
        """See Store."""
        return dict(self._rows("SELECT role, salt FROM body WHERE idx = ? AND salt IS NOT NULL", index))

    def commit(self, growth: Growth) -> None:
        """See Store."""
        if self._lock is None:
            raise StoreFailed("this process does not lead the log")
        erases = any(new.erases for new in growth.entries)
        with _failures(), self._transaction():
            self._db.execute(f"PRAGMA secure_delete = {'ON' if erases else 'OFF'}")
            self._insert(growth.entries, growth.tiles)
            self._insert_bodies(growth.entries)
            self._db.execute("INSERT INTO checkpoint VALUES (?, ?)", (growth.size, growth.note))
        if self._traces or erases:
            self._wipe()

    def _wipe(self) -> None:
        """Empty the write-ahead log: it holds what the database has just overwritten.

        Nobody waits for it: while a reader needs the old state, it is tried again after the next batch.
        """
        with _failures():
            self._db.execute("PRAGMA busy_timeout = 0")
            ((busy, _, _),) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_S * 1000:.0f}")
            self._traces = bool(busy)

    def cosign(self, size: int, lines: Mapping[str, str]) -> None:
        """See Store."""
        with _failures(), self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO cosignature VALUES (?, ?, ?)",
                [(size, witness, line) for witness, line in lines.items()],
            )

    def cosignatures(self, size: int) -> Mapping[str, str]:
        """See Store."""
        return dict(self._rows("SELECT witness, line FROM cosignature WHERE size = ?", size))

    def _insert(self, entries: Sequence[NewEntry], tiles: Sequence[Tile]) -> None:
        self._db.executemany(
            "INSERT INTO log_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(new.entry) for new in entries],
        )
        self._db.executemany(
            "INSERT INTO finding_rule VALUES (?, ?)",
            [(new.entry.index, rule) for new in entries for rule in new.rules],
        )
        self._db.executemany(
            "INSERT INTO entry_text (rowid, words) VALUES (?, ?)",
            [(new.entry.index, " ".join(new.words)) for new in entries if new.words],
        )
        self._db.executemany(
            "INSERT INTO tile VALUES (?, ?, ?)", [(tile.level, tile.index, tile.hashes) for tile in tiles]
        )

    def _insert_bodies(self, entries: Sequence[NewEntry]) -> None:
        self._db.executemany(
            "INSERT INTO body VALUES (?, ?, ?, ?, ?, NULL)",
            [
                (new.entry.index, body.role, class_of(body.role), body.salt, body.content)
                for new in entries
                for body in new.bodies
            ],
        )
        self._db.executemany(
            "UPDATE body SET salt = NULL, content = NULL, erased_by = ?"
            " WHERE idx = ? AND role = ? AND content IS NOT NULL",
            [(new.entry.index, key.index, key.role) for new in entries for key in new.erases],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing. After some errors SQLite has rolled back by itself."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    self._db.rollback()
            raise

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreFailed(str(error)) from error


def _among(values: Collection[str]) -> tuple[str, str]:
    """A condition and its value. A list is taken apart in 0.1 ms, which a lone append need not wait for."""
    if len(values) == 1:
        return "= ?", next(iter(values))
    return "IN (SELECT value FROM json_each(?))", json.dumps(list(values))


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.index,
        entry.leaf,
        entry.leaf_hash,
        entry.kind,
        entry.request_id,
        entry.actor,
        entry.approval_id,
        entry.idempotency_key,
        entry.time,
        entry.caller,
        entry.scope,
        entry.verdict,
    )

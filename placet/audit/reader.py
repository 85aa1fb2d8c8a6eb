"""Read-only access to a log's SQLite database; the file is untrusted, so every value is taken as it comes.

Knows the tables of docs/audit-format.md §7. Must not write, and must not judge what it reads.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from placet.audit import finding
from placet.audit.query import Query as Query
from placet.audit.tally import Tally
from placet.audit.tiles import Tile

SELECT: Final = (
    "SELECT idx, leaf, leaf_hash, kind, request_id, actor, approval_id, idempotency_key, "
    "time, caller, scope, verdict FROM log_entry "
)


AT_ONCE: Final = 1000
"""Records that are asked for in one query."""


class LogUnreadable(Exception):  # noqa: N818 - named for the state it reports
    """The database is missing, damaged, or not a log's."""


@dataclass(frozen=True)
class Entry:
    """One row of log_entry. All but `leaf` can be derived from it and is there to be searched."""

    index: int
    leaf: bytes
    leaf_hash: bytes
    kind: str
    request_id: str
    actor: str
    approval_id: str
    """Empty when the record names no approval."""
    idempotency_key: str
    time: str
    caller: str
    scope: str
    verdict: str


@dataclass(frozen=True)
class StoredBody:
    """One row of body: content that a leaf refers to by SHA-256(salt || content)."""

    role: str
    salt: bytes
    content: bytes


class LogReader:
    """A read-only connection. Close it, or use it as a context manager. Not for several threads at once."""

    def __init__(self, database: Path) -> None:
        """Raises LogUnreadable when there is no such file."""
        if not database.is_file():
            raise LogUnreadable(f"there is no log database at {database}")
        uri = f"file:{quote(str(database.absolute()))}?mode=ro"
        try:
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise LogUnreadable(str(error)) from error
        self._db.text_factory = lambda raw: raw.decode(errors="replace")

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def snapshot(self) -> None:
        """From here on see one state, whatever is appended meanwhile."""
        list(self._rows("BEGIN"))

    def entries(self) -> Iterator[Entry]:
        """All records in log order."""
        yield from map(entry_of, self._rows(SELECT + "ORDER BY idx"))

    def get(self, index: int) -> Entry | None:
        """One record."""
        rows = self._rows(SELECT + "WHERE idx = ?", index)
        return next(map(entry_of, rows), None)

    def find(self, query: Query) -> Iterator[Entry]:
        """The records that a query names, in its order, lazily."""
        for index in self._indexes(query):
            if entry := self.get(index):
                yield entry

    def of_requests(self, request_ids: Sequence[str], each: int) -> dict[str, list[Entry]]:
        """The first and the last `each` records of each of these requests, in order."""
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        indexes = self.tally.ends_of(request_ids, each)
        for start in range(0, len(indexes), AT_ONCE):
            wanted = indexes[start : start + AT_ONCE]
            places = ", ".join("?" * len(wanted))
            for row in self._rows(f"{SELECT}WHERE idx IN ({places}) ORDER BY idx", *wanted):
                entry = entry_of(row)
                found[entry.request_id].append(entry)
        return dict(found)

    @property
    def tally(self) -> Tally:
        """To count records."""
        return Tally(self._rows)

    def bodies(self, index: int) -> list[StoredBody]:
        """The bodies of one record that are still kept."""
        sql = "SELECT role, salt, content FROM body WHERE idx = ? AND content IS NOT NULL ORDER BY role"
        rows = self._rows(sql, index)
        return [StoredBody(_text(role), _bytes(salt), _bytes(content)) for role, salt, content in rows]

    def kept(self, index: int) -> list[str]:
        """Roles of the bodies of one record that are not erased."""
        sql = "SELECT role FROM body WHERE idx = ? AND content IS NOT NULL ORDER BY role"
        return [_text(role) for (role,) in self._rows(sql, index)]

    def kept_of_request(self, request_id: str) -> list[tuple[int, str, str]]:
        """(index, role, class) of the kept bodies of a request's records, in log order."""
        rows = self._rows(
            "SELECT b.idx, b.role, b.class FROM log_entry AS e JOIN body AS b ON b.idx = e.idx "
            "WHERE e.request_id = ? AND e.request_id <> '' AND b.content IS NOT NULL ORDER BY b.idx, b.role",
            request_id,
        )
        return [(_index(idx), _text(role), _text(class_)) for idx, role, class_ in rows]

    def kept_before(self, class_: str, time: str, limit: int) -> list[tuple[int, str]]:
        """(index, role) of kept bodies of a class whose records are older than `time`, oldest first."""
        rows = self._rows(
            "SELECT idx, role FROM body WHERE class = ? AND content IS NOT NULL AND idx < ? "
            "ORDER BY idx, role LIMIT ?",
            class_,
            finding.first_at(self._rows, time),
            limit,
        )
        return [(_index(idx), _text(role)) for idx, role in rows]

    def body_indexes(self) -> list[int]:
        """The indexes for which a body is kept, whether or not such a record exists."""
        return [_index(idx) for (idx,) in self._rows("SELECT DISTINCT idx FROM body ORDER BY idx")]

    def tile(self, level: int, index: int) -> bytes:
        """The 8,192 bytes of a full tile, as they are stored. Raises LogUnreadable when it is not there."""
        for (hashes,) in self._rows("SELECT hashes FROM tile WHERE level = ? AND idx = ?", level, index):
            return _bytes(hashes)
        raise LogUnreadable(f"tile {index} of level {level} is missing")

    def tiles(self) -> Iterator[Tile]:
        """All full tiles, level by level."""
        for level, index, hashes in self._rows("SELECT level, idx, hashes FROM tile ORDER BY level, idx"):
            yield Tile(_index(level), _index(index), _bytes(hashes))

    def leaves(self, start: int, count: int) -> list[bytes]:
        """The bytes of `count` records from `start` on, fewer at the end of the log."""
        rows = self._rows("SELECT leaf FROM log_entry WHERE idx >= ? ORDER BY idx LIMIT ?", start, count)
        return [_bytes(leaf) for (leaf,) in rows]

    def leaf_hashes(self, start: int, count: int) -> list[bytes]:
        """The stored leaf hashes of `count` records from `start` on, fewer at the end of the log."""
        rows = self._rows("SELECT leaf_hash FROM log_entry WHERE idx >= ? ORDER BY idx LIMIT ?", start, count)
        return [_bytes(digest) for (digest,) in rows]

    def checkpoints(self) -> list[tuple[int, str]]:
        """Every (size, signed note) that the log committed, by size."""
        rows = self._rows("SELECT size, note FROM checkpoint ORDER BY size")
        return [(_index(size), _text(note)) for size, note in rows]

    def last_checkpoint(self) -> tuple[int, str] | None:
        """Size and signed note of the newest checkpoint; None before the first."""
        rows = self._rows("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return next(((_index(size), _text(note)) for size, note in rows), None)

    def cosigned(self, limit: int) -> list[tuple[int, str]]:
        """Size and note, cosignature lines included, of the newest checkpoints that a witness cosigned."""
        newest = "SELECT DISTINCT size FROM cosignature ORDER BY size DESC LIMIT ?"
        found = []
        for (size,) in list(self._rows(newest, limit)):
            notes = self._rows("SELECT note FROM checkpoint WHERE size = ?", size)
            lines = self._rows("SELECT line FROM cosignature WHERE size = ? ORDER BY witness", size)
            whole = "".join(_text(row[0]) for rows in (list(notes), list(lines)) for row in rows)
            found.append((_index(size), whole))
        return found

    def _indexes(self, query: Query) -> list[int]:
        return finding.indexes(self._rows, query)

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        try:
            for row in self._db.execute(sql, values):  # noqa: UP028 - stopping early must not close the cursor
                yield row
        except (sqlite3.Error, OverflowError) as error:
            raise LogUnreadable(f"the log database cannot be read: {error}") from error


def entry_of(row: tuple[object, ...]) -> Entry:
    return Entry(_index(row[0]), _bytes(row[1]), _bytes(row[2]), *map(_text, row[3:]))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return "" if value is None else str(value)


def _index(value: object) -> int:
    return value if isinstance(value, int) else -1

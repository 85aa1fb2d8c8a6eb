"""The log in a PostgreSQL database: appends whole batches or nothing, by the one session that may.

Knows SQL and the tables of docs/audit-format.md §7. Must not know hashing, signing or who may append.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from operator import attrgetter
from typing import Any, Final

from audit_svc.store.postgres_session import end, failures, hold_writer_lock, open_session, take_writer_lock
from audit_svc.store.types import Growth, StoreFailed
from placet.audit.columns import class_of
from placet.audit.postgres import Connection
from placet.audit.reader import Entry

_FIELDS: Final = (
    "leaf", "leaf_hash", "kind", "request_id", "actor", "approval_id", "idempotency_key", "time", "caller",
    "scope", "verdict",
)  # fmt: skip
_ENTRY: Final = ", ".join(("idx", *_FIELDS))
# Names of columns, nothing else, go into the text.
_SAME_KEYS: Final = f"""
SELECT entry.* FROM unnest(%s::text[]) AS wanted (key), LATERAL (
  SELECT {_ENTRY} FROM log_entry
  WHERE actor = %s AND idempotency_key = wanted.key AND idempotency_key <> '' LIMIT 1
) AS entry
"""  # noqa: S608
_values_of = attrgetter("index", *_FIELDS)


def _insert(table: str, *types: str) -> bytes:
    """One statement for any number of rows, given as one array for each column."""
    arrays = ", ".join(f"%b::{kind}[]" for kind in types)
    return f"INSERT INTO {table} SELECT * FROM unnest({arrays})".encode()  # noqa: S608 - constants


_INSERTS: Final = (
    _insert(f"log_entry ({_ENTRY})", "int8", "bytea", "bytea", *["text"] * 9),
    _insert("finding_rule (idx, rule)", "int8", "text"),
    b"INSERT INTO entry_text SELECT idx, string_to_array(words, ' ')"
    b" FROM unnest(%b::int8[], %b::text[]) AS given (idx, words)",
    _insert("body (idx, role, class, salt, content)", "int8", "text", "text", "bytea", "bytea"),
    _insert("tile (level, idx, hashes)", "int4", "int8", "bytea"),
)


class PostgresStore:
    """`Store` over one session. A lost session takes the right to write with it; `lead` opens another."""

    def __init__(self, address: str) -> None:
        """Raises StoreFailed when the database is not there or not fit, ValueError for its address."""
        self._address = address
        self._db: Connection | None = open_session(address)
        self._leads = False

    def close(self) -> None:
        """See Store."""
        if self._db:
            end(self._db)
        self._db, self._leads = None, False

    def lead(self) -> bool:
        """See Store."""
        if self._db is None or self._db.closed:
            self.close()
            self._db = open_session(self._address)
        with failures():
            self._leads = self._leads or take_writer_lock(self._db)
            return self._leads and hold_writer_lock(self._db)

    def size(self) -> int:
        """See Store."""
        ((size,),) = self._rows("SELECT coalesce(max(idx) + 1, 0) FROM log_entry")
        return int(size)

    def leaf_hashes(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """See Store."""
        sql = "SELECT idx, leaf_hash FROM log_entry WHERE idx >= %s ORDER BY idx"
        with failures(), self._session.transaction(), self._session.cursor("hashes", binary=True) as rows:
            yield from rows.execute(sql, (start,))

    def tile(self, level: int, index: int) -> bytes | None:
        """See Store."""
        sql = "SELECT hashes FROM tile WHERE level = %s AND idx = %s"
        return next((bytes(hashes) for (hashes,) in self._rows(sql, level, index)), None)

    def last_checkpoint(self) -> str | None:
        """See Store."""
        rows = self._rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return next((str(note) for (note,) in rows), None)

    def newest_leaf(self) -> bytes | None:
        """See Store."""
        rows = self._rows("SELECT leaf FROM log_entry ORDER BY idx DESC LIMIT 1")
        return next((bytes(leaf) for (leaf,) in rows), None)

    def same_keys(self, actor: str, keys: Collection[str]) -> Mapping[str, Entry]:
        """See Store. One look into the index for each key: no plan may walk through all of an actor's."""
        rows = self._rows(_SAME_KEYS, _texts(keys), actor)
        return {entry.idempotency_key: entry for entry in (Entry(*row) for row in rows)}

    def spent(self, approval_ids: Collection[str]) -> Set[str]:
        """See Store."""
        rows = self._rows(
            "SELECT approval_id FROM log_entry WHERE kind = 'run_started' AND approval_id = ANY(%s)",
            _texts(approval_ids),
        )
        return {approval_id for (approval_id,) in rows}

    def first_at(self, time: str) -> int:
        """See Store."""
        rows = self._rows("SELECT idx FROM log_entry WHERE time >= %s ORDER BY time, idx LIMIT 1", time)
        return int(rows[0][0]) if rows else self.size()

    def leaves(self, kinds: Collection[str], start: int, end: int) -> Iterator[bytes]:
        """See Store."""
        sql = "SELECT leaf FROM log_entry WHERE idx >= %s AND idx < %s AND kind = ANY(%s) ORDER BY idx"
        with failures(), self._session.transaction(), self._session.cursor("leaves", binary=True) as rows:
            for (leaf,) in rows.execute(sql, (start, end, list(kinds))):
                yield bytes(leaf)

    def verdicts(self, request_ids: Collection[str], not_by: str) -> Iterator[bytes]:
        """See Store."""
        rows = self._rows(
            "SELECT leaf FROM log_entry WHERE request_id <> '' AND request_id = ANY(%s)"
            " AND kind = 'verdict_reached' AND actor <> %s",
            _texts(request_ids),
            not_by,
        )
        return (bytes(leaf) for (leaf,) in rows)

    def salts(self, index: int) -> Mapping[str, bytes]:
        """See Store."""
        return dict(self._rows("SELECT role, salt FROM body WHERE idx = %s AND salt IS NOT NULL", index))

    def commit(self, growth: Growth) -> None:
        """See Store."""
        db = self._session
        # Sent in one go: what a batch costs is little more than its two waits, for the lock and the disk.
        with failures(), db.pipeline(), db.transaction():
            if not (self._leads and hold_writer_lock(db)):
                raise StoreFailed("this process does not lead the log")
            for insert, rows in zip(_INSERTS, _rows_of(growth), strict=True):
                if rows:
                    db.execute(insert, [list(column) for column in zip(*rows, strict=True)])
            for new in growth.entries:
                for key in new.erases:
                    db.execute("SELECT erase_body(%s, %s, %s)", (new.entry.index, key.index, key.role))
            db.execute("INSERT INTO checkpoint VALUES (%s, %s)", (growth.size, growth.note))

    def cosign(self, size: int, lines: Mapping[str, str]) -> None:
        """See Store."""
        with failures(), self._session.transaction():
            self._session.cursor().executemany(
                "INSERT INTO cosignature VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [(size, witness, line) for witness, line in lines.items()],
            )

    def cosignatures(self, size: int) -> Mapping[str, str]:
        """See Store."""
        return dict(self._rows("SELECT witness, line FROM cosignature WHERE size = %s", size))

    @property
    def _session(self) -> Connection:
        """The open session. Only `lead` opens another: whoever reads and then writes must do both in one."""
        if self._db is None or self._db.closed:
            raise StoreFailed("the connection to the database is lost")
        return self._db

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with failures():
            return self._session.execute(sql.encode(), values, binary=True).fetchall()


def _texts(given: Collection[str]) -> list[str]:
    """Those that a text of PostgreSQL's can hold, and so those that may be stored."""
    return [text for text in given if "\0" not in text]


def _rows_of(growth: Growth) -> tuple[list[tuple[object, ...]], ...]:
    """What goes where, in the order of _INSERTS."""
    entries = growth.entries
    return (
        [_values_of(new.entry) for new in entries],
        [(new.entry.index, rule) for new in entries for rule in new.rules],
        [(new.entry.index, " ".join(new.words)) for new in entries if new.words],
        [
            (new.entry.index, body.role, class_of(body.role), body.salt, body.content)
            for new in entries
            for body in new.bodies
        ],
        [(tile.level, tile.index, tile.hashes) for tile in growth.tiles],
    )

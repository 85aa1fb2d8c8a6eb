"""All that a log's database holds, in order and as it stands, for whoever proves it. SQLite or PostgreSQL.

Knows the tables of docs/audit-format.md §7. Must not write, and must not judge what it reads: every value is
untrusted and comes with whatever type the database gave it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from placet.audit.reader import LogUnreadable

Row = tuple[Any, ...]
SCHEMA_VERSION: Final = 2
"""Of the tables in docs/audit-format.md §7."""
_STREAMED: Final = 1000
"""Rows that PostgreSQL sends at a time."""


PAGE: Final = 64
"""Records that are looked at together. More cost as much each, and one that is not ASCII then costs more."""


def pages(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows by the page, the last with fewer. Where reading fails, the rows before come first."""
    page: list[Row] = []
    try:
        for row in rows:
            page.append(row)
            if len(page) == PAGE:
                yield page
                page = []
    except Exception:
        yield page
        raise
    yield page


class LogRows:
    """One state of a log. Iterators may be read side by side."""

    def __init__(self, run: Callable[[str], Iterator[Row]]) -> None:
        self._run = run
        self._open: list[Iterator[Row]] = []

    def close(self) -> None:
        """Let go of every iterator; none may be read afterwards."""
        for rows in self._open:
            rows.close()  # type: ignore[attr-defined]  # a cursor or a generator; both have it

    def _select(self, sql: str) -> Iterator[Row]:
        rows = self._run(sql)
        self._open.append(rows)
        return rows

    def entries(self) -> Iterator[Row]:
        """idx, leaf, leaf_hash, and the columns that derive from the leaf (placet/audit/columns.py)."""
        return self._select(
            "SELECT idx, leaf, leaf_hash, kind, request_id, actor, approval_id, idempotency_key, time, "
            "caller, scope, verdict FROM log_entry ORDER BY idx"
        )

    def leaves(self) -> Iterator[Row]:
        """idx, leaf, leaf_hash."""
        return self._select("SELECT idx, leaf, leaf_hash FROM log_entry ORDER BY idx")

    def rules(self) -> Iterator[Row]:
        """idx, rule."""
        return self._select("SELECT idx, rule FROM finding_rule ORDER BY idx")

    def bodies(self) -> Iterator[Row]:
        """idx, role, class, salt, content, erased_by."""
        return self._select("SELECT idx, role, class, salt, content, erased_by FROM body ORDER BY idx")

    def checkpoints(self) -> Iterator[Row]:
        """size, note."""
        return self._select("SELECT size, note FROM checkpoint ORDER BY size")

    def cosignatures(self) -> Iterator[Row]:
        """size, witness, line."""
        return self._select("SELECT size, witness, line FROM cosignature ORDER BY size")

    def tiles(self, level: int) -> Iterator[Row]:
        """idx, hashes: the full tiles of one level."""
        return self._select(f"SELECT idx, hashes FROM tile WHERE level = {level:d} ORDER BY idx")  # noqa: S608

    def tile_levels(self) -> list[object]:
        """The levels of which a tile is kept."""
        return [level for (level,) in self._select("SELECT DISTINCT level FROM tile ORDER BY level")]


@contextmanager
def sqlite_rows(database: Path) -> Iterator[LogRows]:
    """The rows of a SQLite file, all of one moment. Raises LogUnreadable, for reading within it as well."""
    if not database.is_file():
        raise LogUnreadable(f"there is no log database at {database}")
    uri = f"file:{quote(str(database.absolute()))}?mode=ro"
    with _failures(sqlite3.Error), closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
        db.execute("BEGIN")
        _check_schema(db)
        with closing(LogRows(db.execute)) as rows:
            yield rows


def _check_schema(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version in range(1, SCHEMA_VERSION):
        raise LogUnreadable(
            f"it has schema {version}, which this verifier no longer knows; start the audit service once, "
            f"which brings it to schema {SCHEMA_VERSION}"
        )


@contextmanager
def postgres_rows(address: str) -> Iterator[LogRows]:
    """The rows of a PostgreSQL database, all of one moment. Raises LogUnreadable; ValueError: the address."""
    # Whoever proves a SQLite file needs no driver of PostgreSQL.
    import psycopg

    from placet.audit import postgres

    with _failures(psycopg.Error), closing(postgres.connect(address, "placet audit verify")) as db:
        db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        names = count()

        def run(sql: str) -> Iterator[Row]:
            with db.cursor(name=f"rows{next(names)}") as cursor:
                cursor.itersize = _STREAMED
                yield from cursor.execute(sql.encode())

        with closing(LogRows(run)) as rows:
            yield rows


@contextmanager
def _failures(*kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise LogUnreadable(f"the log database cannot be read: {error}") from error

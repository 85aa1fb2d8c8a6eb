"""Read-only access to a log's PostgreSQL database, as that to a SQLite file: the same questions and answers.

Knows the tables of docs/audit-format.md §7 and which filters a query names. Must not write, and must not
judge what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg

from placet.audit.columns import words_of
from placet.audit.finding import bounds
from placet.audit.postgres import Connection, connect
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader, LogUnreadable

_COLUMNS: Final = ("request_id", "kind", "caller", "scope", "verdict")
_AT_ONCE: Final = 1000


class PostgresReader(LogReader):
    """Over one connection, which is opened again after it was lost. Not for several threads at once."""

    def __init__(self, address: str) -> None:
        """Raises LogUnreadable when the database does not answer, ValueError for the address (`checked`)."""
        self._address = address
        self._connection: Connection | None = None
        self._one_state = False
        self._connect()

    def close(self) -> None:
        """Release the connection."""
        if self._connection:
            self._connection.close()

    def snapshot(self) -> None:
        """See LogReader. A connection that is lost later is lost: the next would see another state."""
        list(self._rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        self._one_state = True

    def entries(self) -> Iterator[Entry]:
        """See LogReader."""
        start = 0
        while page := list(self.find(Query(from_index=start, limit=_AT_ONCE))):
            yield from page
            start = page[-1].index + 1

    def find(self, query: Query) -> Iterator[Entry]:
        """See LogReader."""
        if any("\0" in value for value in query.filters.values()):
            return  # no text of PostgreSQL's holds one
        yield from super().find(query)

    def _indexes(self, query: Query) -> list[int]:
        low, high = bounds(self._rows, query)
        words = words_of(query.text)
        if low >= high or (query.text and not words):
            return []
        clauses, values = ["idx >= ?", "idx < ?"], list[object]((low, high))
        for name in _COLUMNS:
            if value := query.filters.get(name):
                # The second half is what the partial indexes are for; `kind` is never empty.
                clauses.append(f"{name} = ? AND {name} <> ''")
                values.append(value)
        if query.rule:
            clauses.append("EXISTS (SELECT FROM finding_rule r WHERE r.idx = log_entry.idx AND r.rule = ?)")
            values.append(query.rule)
        if words:
            clauses.append("EXISTS (SELECT FROM entry_text t WHERE t.idx = log_entry.idx AND t.words @> ?)")
            values.append(list(words))
        order = "DESC" if query.descending else "ASC"
        sql = f"SELECT idx FROM log_entry WHERE {' AND '.join(clauses)} ORDER BY idx {order} LIMIT ?"  # noqa: S608
        return [int(str(idx)) for (idx,) in self._rows(sql, *values, query.limit)]

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        try:
            rows = self._connect().execute(sql.replace("?", "%s").encode(), values, binary=True)
            yield from rows.fetchall() if rows.description else ()
        except psycopg.Error as error:
            raise LogUnreadable(f"the log database cannot be read: {error}") from error

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            if self._one_state:
                raise LogUnreadable("the connection to the log database is lost")
            try:
                self._connection = connect(self._address, "placet-read")
            except psycopg.Error as error:
                raise LogUnreadable(f"the log database cannot be reached: {error}") from error
        return self._connection


def open_log(database: Path | str) -> LogReader:
    """The reader of a SQLite file or of a PostgreSQL address. Raises LogUnreadable and ValueError."""
    return LogReader(database) if isinstance(database, Path) else PostgresReader(database)

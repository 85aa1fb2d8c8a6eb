"""Read-only access to a log's PostgreSQL database, as that to a SQLite file: the same questions and answers.

Knows the tables of docs/audit-format.md §7 and which filters a query names. Must not write, and must not
judge what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from placet.audit.columns import words_of
from placet.audit.finding import bounds
from placet.audit.postgres import Connection, connect
from placet.audit.query import Query
from placet.audit.reader import SELECT, Entry, LogReader, LogUnreadable, entry_of

_COLUMNS: Final = ("request_id", "kind", "caller", "scope", "verdict")
_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class _Filter:
    table: str
    condition: str
    value: object


def _filters(query: Query) -> list[_Filter] | None:
    """One for each named filter but times; None when nothing can match."""
    named, words = query.filters, words_of(query.text)
    if (query.text and not words) or any("\0" in value for value in named.values()):
        return None  # no text of PostgreSQL's holds a NUL
    # The second half is what the partial indexes are for; no kind is empty.
    columns = {name: f"{name} = ? AND {name} <> ''" for name in _COLUMNS if name in named}
    found = [_Filter("log_entry", condition, named[name]) for name, condition in columns.items()]
    if query.rule:
        found.append(_Filter("finding_rule", "rule = ?", query.rule))
    if words:
        found.append(_Filter("entry_text", "words @> ?", list(words)))
    return found


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
        indexes = self._indexes(query)
        for start in range(0, len(indexes), _AT_ONCE):
            wanted = indexes[start : start + _AT_ONCE]
            found = {entry.index: entry for entry in self._entries(wanted)}
            yield from (found[index] for index in wanted if index in found)

    def _entries(self, indexes: list[int]) -> Iterator[Entry]:
        return map(entry_of, self._rows(f"{SELECT}WHERE idx = ANY(?)", indexes))

    def _indexes(self, query: Query) -> list[int]:
        low, high = bounds(self._rows, query)
        filters = _filters(query)
        if low >= high or filters is None:
            return []
        # A table that no filter needs is left out: joining it would cost more than finding the records.
        first, *others = dict.fromkeys(each.table for each in filters) or ["log_entry"]
        source = " ".join([first, *(f"JOIN {table} USING (idx)" for table in others)])
        where = " AND ".join([*(each.condition for each in filters), "idx >= ?", "idx < ?"])
        order = "DESC" if query.descending else "ASC"
        sql = f"SELECT idx FROM {source} WHERE {where} ORDER BY idx {order} LIMIT ?"  # noqa: S608 - ours
        rows = self._rows(sql, *(each.value for each in filters), low, high, query.limit)
        return [int(str(idx)) for (idx,) in rows]

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        try:
            # Not prepared: a plan for any value walks past a million records to find those of a rare one.
            asked = sql.replace("?", "%s").encode()
            rows = self._connect().execute(asked, values, binary=True, prepare=False)
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

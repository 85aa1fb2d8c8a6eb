"""How a query is answered from a log's SQLite database: which index is walked, and which others are asked.

SQLite walks one index per table and guesses which; without statistics it guesses wrong on a million records.
So the filter with the fewest records is looked for first and its index is walked in log order. The indexes on
columns hold the other columns as well, so that no record is read that is passed over; rules and words have
indexes of their own. Knows the indexes of docs/audit-format.md §7. Must not write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from placet.audit.columns import words_of
from placet.audit.query import Query

Rows = Callable[..., Iterator[tuple[object, ...]]]
"""Runs SQL with its values."""

COUNTED: Final = 200_000
"""Records counted of each filter at most: beyond that, many is many."""
COST_OF_ASKING: Final = 12
"""Asking the index of words about one record costs as much as walking past so many."""
BEYOND: Final = 2**62
_COLUMNS: Final = ("request_id", "verdict", "caller", "scope", "kind")


@dataclass(frozen=True)
class _Filter:
    """One condition, and the index that answers it. `key` is that index's name for a record's index."""

    table: str
    where: str
    values: tuple[str, ...]
    key: str = "idx"

    def count(self, rows: Rows) -> int:
        """How many records there are, up to COUNTED."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {self.where} LIMIT ?)"  # noqa: S608
        ((count,),) = rows(sql, *self.values, COUNTED)
        return count if isinstance(count, int) else COUNTED

    def asked_by(self, walked: _Filter) -> str:
        """The condition that the record at which `walked` stands is among this filter's."""
        place = f"{self.key} = walked.{walked.key}"
        return f"EXISTS (SELECT 1 FROM {self.table} WHERE {self.where} AND {place})"  # noqa: S608


EVERYTHING: Final = _Filter("log_entry", "1", ())


def indexes(rows: Rows, query: Query) -> list[int]:
    """The indexes of the records that a query names, in its order, at most `query.limit` of them."""
    low, high = bounds(rows, query)
    words = words_of(query.text)
    if low >= high or (query.text and not words):
        return []
    filters = list(filter(None, (_by_rule(query), _by_columns(rows, query), _by_words(words))))
    walked = _fewest(rows, filters)
    return _walk(rows, walked, [other for other in filters if other is not walked], low, high, query)


def _by_rule(query: Query) -> _Filter | None:
    return _Filter("finding_rule INDEXED BY by_rule", "rule = ?", (query.rule,)) if query.rule else None


def _by_words(words: Sequence[str]) -> _Filter | None:
    """Words hold letters and digits only, so quoted they are nothing but words to FTS5."""
    phrases = " ".join(f'"{word}"' for word in words)
    return _Filter("entry_text", "entry_text MATCH ?", (phrases,), "rowid") if words else None


def _by_columns(rows: Rows, query: Query) -> _Filter | None:
    """All filters on columns as one, through the index of the one that has the fewest records.

    That is a request's, when one is named.
    """
    named = [(name, value) for name, value in query.filters.items() if name in _COLUMNS]
    if not named:
        return None
    if len(named) > 1 and not query.request_id:
        first = min(named, key=lambda each: _column([each]).count(rows))
        named = [first, *(each for each in named if each is not first)]
    return _column(named)


def _column(named: Sequence[tuple[str, str]]) -> _Filter:
    first = named[0][0]
    index = "by_request" if first == "request_id" else f"by_{first}"
    where = " AND ".join([f"{first} <> ''", *(f"{name} = ?" for name, _ in named)])
    return _Filter(f"log_entry INDEXED BY {index}", where, tuple(value for _, value in named))


def _fewest(rows: Rows, filters: Sequence[_Filter]) -> _Filter:
    """The filter with the fewest records; words are rather walked than asked often."""
    if len(filters) < 2:
        return filters[0] if filters else EVERYTHING
    counted = [each.count(rows) for each in filters]
    words = filters[-1] if filters[-1].key == "rowid" else None
    fewest = min(counted)
    often = words and fewest * COST_OF_ASKING > counted[-1]
    return filters[-1] if often else filters[counted.index(fewest)]


def bounds(rows: Rows, query: Query) -> tuple[int, int]:
    """First index and one past the last that may be found.

    Times never go backwards in a log, so a time is a place.
    """
    low, high = 0, BEYOND
    if query.from_index:
        low, high = (0, query.from_index) if query.descending else (query.from_index, BEYOND)
    if query.since:
        low = max(low, first_at(rows, query.since))
    if query.until:
        high = min(high, first_at(rows, query.until))
    return low, high


def first_at(rows: Rows, time: str) -> int:
    """Index of the first record that is not before `time`; BEYOND when there is none."""
    found = rows("SELECT idx FROM log_entry WHERE time >= ? ORDER BY time, idx LIMIT 1", time)
    return next((index for (index,) in found if isinstance(index, int)), BEYOND)


def _walk(
    rows: Rows, walked: _Filter, others: Sequence[_Filter], low: int, high: int, query: Query
) -> list[int]:
    table, indexed, index = walked.table.partition(" INDEXED BY ")
    key = f"walked.{walked.key}"
    asked = [other.asked_by(walked) for other in others]
    conditions = " AND ".join([walked.where, f"{key} >= ?", f"{key} < ?", *asked])
    order = "DESC" if query.descending else "ASC"
    sql = (
        f"SELECT {key} FROM {table} AS walked{indexed}{index} "  # noqa: S608
        f"WHERE {conditions} ORDER BY {key} {order} LIMIT ?"
    )
    asked_values = [value for other in others for value in other.values]
    found = rows(sql, *walked.values, low, high, *asked_values, query.limit)
    return [index for (index,) in found if isinstance(index, int)]

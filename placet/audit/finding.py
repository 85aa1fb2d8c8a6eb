"""How a query is answered from a log's SQLite database: which index is walked, and which others are asked.

SQLite walks one index per table and guesses which; without statistics it guesses wrong on a million records.
So the filter with the fewest records is looked for first, its index is walked in log order, and each other
filter is asked through its own index, which answers without touching a record. Knows the indexes of
docs/audit-format.md §7. Must not write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from placet.audit.columns import words_of
from placet.audit.query import Query

Rows = Callable[..., Iterator[tuple[object, ...]]]
"""Runs SQL with its values."""

COUNTED: Final = 20_000
"""Records counted of each filter at most: beyond that, many is many."""
WORDS_ASKED: Final = 4_000
"""Asking the index of words about one record costs as much as walking past dozens."""
BEYOND: Final = 2**62


@dataclass(frozen=True)
class _Filter:
    """One condition as an index answers it. `key` is the column with a record's index."""

    table: str
    where: str
    value: str
    key: str = "idx"

    @property
    def asked(self) -> str:
        """The condition that record `f.{key}` of another walk is among this filter's."""
        exists = f"SELECT 1 FROM {self.table} WHERE {self.where} AND {self.key} = f."  # noqa: S608
        return f"EXISTS ({exists}{{key}})"


def indexes(rows: Rows, query: Query) -> list[int]:
    """The indexes of the records that a query names, in its order, at most `query.limit` of them."""
    low, high = _bounds(rows, query)
    filters = _filters(query)
    if low >= high or filters is None:
        return []
    if not filters:
        return _walk(rows, _Filter("log_entry", "? = ''", ""), [], low, high, query)
    first = _fewest(rows, filters)
    return _walk(rows, first, [other for other in filters if other is not first], low, high, query)


def _filters(query: Query) -> list[_Filter] | None:
    """One for each named filter; None when nothing can match."""
    named = query.filters
    text = words_of(named.pop("text", ""))
    if query.text and not text:
        return None
    columns = ("request_id", "verdict", "caller", "scope", "kind")
    found = [_column(name, named[name]) for name in columns if name in named]
    if query.rule:
        found.insert(0, _Filter("finding_rule INDEXED BY by_rule", "rule = ?", query.rule))
    if text:
        found.append(_Filter("entry_text", "entry_text MATCH ?", _phrases(text), "rowid"))
    return found


def _column(name: str, value: str) -> _Filter:
    index = {"request_id": "by_request"}.get(name, f"by_{name}")
    return _Filter(f"log_entry INDEXED BY {index}", f"{name} = ? AND {name} <> ''", value)


def _phrases(words: Sequence[str]) -> str:
    """Words hold letters and digits only, so quoted they are nothing but words to FTS5."""
    return " ".join(f'"{word}"' for word in words)


def _bounds(rows: Rows, query: Query) -> tuple[int, int]:
    """First index and one past the last. Times never go backwards in a log, so a time is a place."""
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


def _fewest(rows: Rows, filters: Sequence[_Filter]) -> _Filter:
    """The filter with the fewest records. Words are walked unless another filter has few."""
    counted = [(_count(rows, each), place) for place, each in enumerate(filters)]
    words = filters[-1] if filters[-1].key == "rowid" else None
    count, place = min(counted)
    return words if words and count > WORDS_ASKED else filters[place]


def _count(rows: Rows, each: _Filter) -> int:
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {each.table} WHERE {each.where} LIMIT ?)"  # noqa: S608
    ((count,),) = rows(sql, each.value, COUNTED)
    return count if isinstance(count, int) else COUNTED


def _walk(
    rows: Rows, first: _Filter, others: Sequence[_Filter], low: int, high: int, query: Query
) -> list[int]:
    key = f"f.{first.key}"
    conditions = [first.where, f"{key} >= ?", f"{key} < ?"]
    conditions += [other.asked.format(key=first.key) for other in others]
    table, _, indexed = first.table.partition(" INDEXED BY ")
    table = f"{table} AS f" + (f" INDEXED BY {indexed}" if indexed else "")
    order = "DESC" if query.descending else "ASC"
    sql = f"SELECT {key} FROM {table} WHERE {' AND '.join(conditions)} ORDER BY {key} {order} LIMIT ?"  # noqa: S608
    values = [first.value, low, high, *(other.value for other in others), query.limit]
    return [index for (index,) in rows(sql, *values) if isinstance(index, int)]

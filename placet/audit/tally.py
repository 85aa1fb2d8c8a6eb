"""Counting records of a log, and listing what they name, by its indexes alone: no leaf is read to be counted.

Knows the tables of docs/audit-format.md §7, in SQLite as in PostgreSQL. Must not write. A range of records is
from `low` up to `high`, which is not part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from placet.audit import finding

Rows = Callable[..., Iterator[tuple[object, ...]]]
"""Runs SQL with its values."""

MAX_MOMENTS: Final = 200
Named = Literal["caller", "scope", "rule"]
_NAMED: Final = {"caller": "log_entry", "scope": "log_entry", "rule": "finding_rule"}


@dataclass(frozen=True)
class Moment:
    """One record of a request, without what it says."""

    index: int
    kind: str
    time: str
    actor: str
    verdict: str


class Tally:
    """Over a reader's connection. Raises what the reader raises."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def first_at(self, time: str) -> int:
        """Index of the first record that is not before `time`; beyond every record when there is none."""
        return finding.first_at(self._rows, time)

    def verdicts(self, low: int, high: int) -> list[tuple[str, str, int]]:
        """(scope, verdict, how many) of the verdicts that were reached."""
        rows = self._rows(
            "SELECT scope, verdict, count(*) FROM log_entry "
            "WHERE kind = 'verdict_reached' AND idx >= ? AND idx < ? GROUP BY scope, verdict",
            low,
            high,
        )
        return [(str(scope), str(verdict), _number(count)) for scope, verdict, count in rows]

    def denial_rules(self, low: int, high: int) -> list[tuple[str, int]]:
        """(rule, how many) of the verdicts DENIED whose findings name a rule."""
        rows = self._rows(
            "SELECT rule, count(*) FROM log_entry AS denied JOIN finding_rule AS named "
            "ON named.idx = denied.idx WHERE denied.verdict = 'DENIED' AND denied.verdict <> '' "
            "AND denied.idx >= ? AND denied.idx < ? AND denied.kind = 'verdict_reached' GROUP BY rule",
            low,
            high,
        )
        return [(str(rule), _number(count)) for rule, count in rows]

    def newest(
        self, kind: str, low: int, high: int, limit: int, *, verdict: str = ""
    ) -> list[tuple[int, str]]:
        """(index, request) of records of a kind, the newest first; with `verdict` of those with this one."""
        which = "AND verdict = ? " if verdict else ""
        rows = self._rows(
            f"SELECT idx, request_id FROM log_entry WHERE kind = ? AND idx >= ? AND idx < ? {which}"  # noqa: S608 - ours
            "ORDER BY idx DESC LIMIT ?",
            kind,
            low,
            high,
            *([verdict] if verdict else []),
            limit,
        )
        return [(_number(index), str(request_id)) for index, request_id in rows]

    def firsts_of(
        self,
        request_ids: Sequence[str],
        low: int,
        columns: Sequence[tuple[str, str]] = (),
        kinds: Sequence[str] = (),
    ) -> dict[str, int]:
        """Index of each request's first record from `low` on with these columns, of one of these kinds."""
        if not request_ids:
            return {}
        # Not `name = ?`: the request's index is the one to walk, whatever a database knows of the others.
        where = ["request_id = wanted.id", "request_id <> ''", "idx >= ?"]
        where += [f"{name} || '' = ?" for name, _ in columns]
        where += [f"kind || '' IN ({_places(kinds)})"] if kinds else []
        rows = self._rows(
            f"WITH wanted(id) AS (VALUES {', '.join(['(?)'] * len(request_ids))}) "  # noqa: S608 - ours
            f"SELECT id, (SELECT idx FROM log_entry WHERE {' AND '.join(where)} ORDER BY idx LIMIT 1) "
            "FROM wanted",
            *request_ids,
            low,
            *(value for _, value in columns),
            *kinds,
        )
        return {str(request_id): index for request_id, index in rows if isinstance(index, int)}

    def ends_of(self, request_ids: Sequence[str], each: int) -> list[int]:
        """Indexes of the first and the last `each` records of each of these requests."""
        if not request_ids:
            return []
        rows = self._rows(
            "SELECT idx FROM (SELECT idx, row_number() OVER (PARTITION BY request_id ORDER BY idx) AS first, "  # noqa: S608
            "row_number() OVER (PARTITION BY request_id ORDER BY idx DESC) AS last FROM log_entry "
            f"WHERE request_id IN ({_places(request_ids)}) AND request_id <> '') AS counted "
            "WHERE first <= ? OR last <= ? ORDER BY idx",
            *request_ids,
            each,
            each,
        )
        return [_number(index) for (index,) in rows]

    def moments(self, request_id: str) -> list[Moment]:
        """A request's first records in order."""
        rows = self._rows(
            "SELECT idx, kind, time, actor, verdict FROM log_entry "
            "WHERE request_id = ? AND request_id <> '' ORDER BY idx LIMIT ?",
            request_id,
            MAX_MOMENTS,
        )
        return [Moment(_number(index), *map(str, told)) for index, *told in rows]

    def names(self, named: Named, limit: int) -> list[str]:
        """The first names in use, in the order of the database: one step through the index for each."""
        sql = (
            f"SELECT {named} FROM {_NAMED[named]} WHERE {named} > ? AND {named} <> '' "  # noqa: S608 - ours
            f"ORDER BY {named} LIMIT 1"
        )
        found: list[str] = []
        while len(found) < limit:
            following = [str(name) for (name,) in self._rows(sql, found[-1] if found else "")]
            if not following:
                break
            found += following
        return found


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0

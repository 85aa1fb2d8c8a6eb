"""A request's life in sentences: what each of its records says, in order, with the time since the first.

Knows the order of records; sentences say what each tells. Records may come from anywhere and hold what a
model wrote: all of this is for showing, never for deciding. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from placet.audit.ocsf_objects import findings, number, short, text
from placet.audit.record import Record
from placet.audit.sentences import ending, scope_of, sentence

MAX_SHOWN_FINDINGS: Final = 5


@dataclass(frozen=True)
class Moment:
    """One record of a request, told."""

    index: int
    time: str
    offset_s: float
    """Since the request's first record."""
    who: str
    what: str
    details: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    """Roles and sizes of the bodies that the record names."""

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "index": self.index,
            "time": self.time,
            "offset_s": self.offset_s,
            "who": self.who,
            "what": self.what,
            "details": list(self.details),
            "bodies": list(self.bodies),
        }


def timeline(records: Iterable[tuple[int, Record]]) -> list[Moment]:
    """Tell the records of one request, given in log order with their indexes."""
    listed = list(records)
    begin = datetime.fromisoformat(listed[0][1].time) if listed else None
    gone = _erased(listed)
    return [_moment(index, record, begin or datetime.min, gone) for index, record in listed]


def headline(records: Sequence[tuple[int, Record]]) -> str:
    """One sentence on the whole request: who, in which scope, how it ended."""
    bodies = [record.body for _, record in records]
    caller = next(filter(None, (text(body, "caller") for body in bodies)), "")
    scope = next(filter(None, map(scope_of, bodies)), "")
    told = [f"by {short(caller)}" if caller else "", f"in scope {scope}" if scope else "", _ending(records)]
    return ", ".join(filter(None, told))


def _ending(records: Sequence[tuple[int, Record]]) -> str:
    """The last record that says how it ended; a request without one has not ended, or its end got lost."""
    return next(filter(None, (ending(record) for _, record in reversed(records))), "no end on record")


def _erased(records: Sequence[tuple[int, Record]]) -> dict[tuple[int, str], int]:
    """(index, role) of the bodies that a record of this request erased → that record's index."""
    found: dict[tuple[int, str], int] = {}
    for index, record in records:
        items = record.body.get("erased") if record.kind == "bodies_erased" else ()
        for item in items if isinstance(items, list | tuple) else ():
            if isinstance(item, Mapping):
                found[(number(item, "index") or 0, text(item, "role"))] = index
    return found


def _moment(index: int, record: Record, begin: datetime, gone: Mapping[tuple[int, str], int]) -> Moment:
    offset = (datetime.fromisoformat(record.time) - begin).total_seconds()
    shown = [
        f"{body.role} {body.size:,} bytes"
        + (f" (erased by record {gone[(index, body.role)]})" if (index, body.role) in gone else "")
        for body in record.bodies
    ]
    return Moment(
        index,
        record.time,
        round(offset, 3),
        _who(record),
        sentence(record),
        _details(record),
        tuple(shown),
    )


def _who(record: Record) -> str:
    """Who appended it; of what a service appended for a person, both: it is the service that says so."""
    kind, _, name = text(record.body, "decided_by").partition(":")
    service = short(record.actor)
    return f"{service} for {name}" if kind == "human" and not service.startswith("reviewer/") else service


def _details(record: Record) -> tuple[str, ...]:
    found = [
        f"{text(item, 'severity')} {text(item, 'rule_id')} line {number(item, 'line') or 0}: "
        f"{text(item, 'message')}"
        for item in findings(record.body)
    ]
    more = len(found) - MAX_SHOWN_FINDINGS
    return (*found[:MAX_SHOWN_FINDINGS], *([f"and {more} more findings"] if more > 0 else []))

"""One request in a row: who asked, in which scope, what was decided, how it ended.

Knows which records make a row. Must not know pages, or where records come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from audit_svc.console.course import ASIDE
from placet.audit.columns import rules_of
from placet.audit.ocsf_objects import short, text
from placet.audit.reader import Entry
from placet.audit.record import Record, RecordInvalid
from placet.audit.sentences import ending, scope_of

_UNRUN: Final = {"ALLOWED": "allowed, not run", "NEEDS_REVIEW": "waits for a person", "DENIED": "denied"}


@dataclass(frozen=True)
class Summary:
    """One request in a row."""

    request_id: str
    place: int
    """Index of the record by which it stands in the list."""
    began: str
    """RFC 3339, as the log writes it."""
    caller: str
    """Short: `caller/reports`. Empty when no record names one, and so are the next three."""
    scope: str
    verdict: str
    """The newest; `outcome` tells of denials before it."""
    rules: tuple[str, ...]
    """Of the findings of all its verdicts."""
    outcome: str
    took_s: float
    """From its first to its newest record of a service: what people read and label afterwards is no part."""

    def to_json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "request_id": self.request_id,
            "place": self.place,
            "began": self.began,
            "caller": self.caller,
            "scope": self.scope,
            "verdict": self.verdict,
            "rules": list(self.rules),
            "outcome": self.outcome,
            "took_s": self.took_s,
        }


def summary(entries: Sequence[Entry], place: int) -> Summary:
    """The row of a request with these records, at least one, in order."""
    records = [record for record in map(read, entries) if record is not None]
    bodies = [record.body for record in records]
    verdicts = [record for record in records if record.kind == "verdict_reached"]
    return Summary(
        request_id=entries[0].request_id,
        place=place,
        began=entries[0].time,
        caller=short(next(filter(None, (text(body, "caller") for body in bodies)), "")),
        scope=next(filter(None, map(scope_of, bodies)), ""),
        verdict=text(verdicts[-1].body, "verdict") if verdicts else "",
        rules=tuple(sorted({rule for record in verdicts for rule in rules_of(record)})),
        outcome=_outcome(records) + _after(verdicts[:-1]),
        took_s=_took(entries),
    )


def read(entry: Entry) -> Record | None:
    """The record; None when it is not valid, which `placet audit verify` names."""
    try:
        return Record.decode(entry.leaf)
    except RecordInvalid:
        return None


def _outcome(records: Sequence[Record]) -> str:
    """How it ended, by the newest record that says so."""
    for record in reversed(records):
        if record.kind == "verdict_reached":
            return _UNRUN[text(record.body, "verdict")]
        if told := ending(record):
            return told
    return "under way"


def _after(verdicts: Sequence[Record]) -> str:
    """Of the verdicts before the newest."""
    denials = sum(text(record.body, "verdict") == "DENIED" for record in verdicts)
    return f", after {denials} denial{'s' if denials > 1 else ''}" if denials else ""


def _took(entries: Sequence[Entry]) -> float:
    begin, end = (
        _moment(next((entry for entry in order if entry.kind not in ASIDE), order[0]))
        for order in (entries, entries[::-1])
    )
    return round((end - begin).total_seconds(), 3)


def _moment(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.time)

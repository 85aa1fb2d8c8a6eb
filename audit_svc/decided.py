"""Finds what people decided about a program that a verdict sent to them (docs/audit-format.md §17).

Knows which records hold a decision, and finds them by their request. Must not know who waits for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record

AT_MOST: Final = 10_000
"""Records of one kind and request that are looked through; nobody's request has so many."""
AT_ONCE: Final = 1000


@dataclass(frozen=True)
class Review:
    """A verdict that asks for people."""

    index: int
    request_id: str
    program_sha256: str
    """Lower-case hex."""


@dataclass(frozen=True)
class Decided:
    """What people decided."""

    decided_by: str
    """`human:NAME` of whoever decided last."""
    reason: str
    index: int
    """Of the `verdict_reached` that says so."""
    signed: Entry | None = None
    """The `approval_signed` record whose body is the approval; None: the program was denied."""


def caller_of_task(reader: LogReader, request_id: str) -> str:
    """On whose behalf the generator works on a request; empty when it does not. It takes each id once."""
    for entry in reader.find(Query(request_id=request_id, kind="task_received", limit=1)):
        return entry.caller
    return ""


def review_of(reader: LogReader, request_id: str, program_sha256: str, caller: str) -> Review | None:
    """The newest verdict NEEDS_REVIEW on a program that somebody asked for in a request."""
    if not caller:
        return None
    query = Query(
        request_id=request_id,
        kind="verdict_reached",
        verdict="NEEDS_REVIEW",
        caller=caller,
        limit=AT_MOST,
        descending=True,
    )
    for entry in reader.find(query):
        if Record.decode(entry.leaf).body["program_sha256"] == program_sha256:
            return Review(entry.index, request_id, program_sha256)
    return None


def decision_on(reader: LogReader, review: Review) -> Decided | None:
    """What people decided, if it stands: a denial at once, an approval when it is signed."""
    return _denial(reader, review) or _approval(reader, review)


def requests_decided(reader: LogReader, first: int) -> set[str]:
    """Requests of which a record from `first` on may hold a decision."""
    signed = _all(reader, Query(kind="approval_signed", from_index=first, limit=AT_ONCE))
    verdicts = _all(reader, Query(kind="verdict_reached", from_index=first, limit=AT_ONCE))
    return {entry.request_id for entry in signed} | {
        entry.request_id for entry in verdicts if entry.verdict == "DENIED"
    }


def _all(reader: LogReader, query: Query) -> Iterator[Entry]:
    page = list(reader.find(query))
    yield from page
    if len(page) == query.limit:
        yield from _all(reader, replace(query, from_index=page[-1].index + 1))


def _denial(reader: LogReader, review: Review) -> Decided | None:
    for entry in reader.find(_after(review, "verdict_reached", "DENIED")):
        record = Record.decode(entry.leaf)
        if _decides(record, review):
            return _decided(entry.index, record)
    return None


def _approval(reader: LogReader, review: Review) -> Decided | None:
    for entry in reader.find(_after(review, "approval_signed")):
        issued = _named(reader, Record.decode(entry.leaf), "issued_index", "approval_issued")
        verdict = issued and _named(reader, issued, "verdict_index", "verdict_reached")
        if issued and verdict and verdict.body["verdict"] == "ALLOWED" and _decides(verdict, review):
            return _decided(int(str(issued.body["verdict_index"])), verdict, entry)
    return None


def _after(review: Review, kind: str, verdict: str = "") -> Query:
    return Query(
        request_id=review.request_id,
        kind=kind,
        verdict=verdict,
        from_index=review.index + 1,
        limit=AT_MOST,
    )


def _named(reader: LogReader, record: Record, field: str, kind: str) -> Record | None:
    """The record that a field of another names by its index, if it is of that kind."""
    index = record.body[field]
    entry = reader.get(index) if isinstance(index, int) else None
    return Record.decode(entry.leaf) if entry and entry.kind == kind else None


def _decides(record: Record, review: Review) -> bool:
    """Whether a verdict is people's on this review; only they may decide as `human:…` (§5)."""
    body = record.body
    return (
        body.get("reviewed_index") == review.index
        and body["program_sha256"] == review.program_sha256
        and str(body["decided_by"]).startswith("human:")
    )


def _decided(index: int, verdict: Record, signed: Entry | None = None) -> Decided:
    return Decided(str(verdict.body["decided_by"]), _reason(verdict), index, signed)


def _reason(verdict: Record) -> str:
    """A person's verdict has their reason as its finding."""
    found = verdict.body.get("findings")
    for finding in found if isinstance(found, list | tuple) else ():
        if isinstance(finding, Mapping) and finding.get("source") == "human":
            return str(finding.get("message", ""))
    return ""

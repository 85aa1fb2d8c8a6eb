"""Where the items of the queue are found: read from the log whenever somebody asks, never remembered.

Knows which records belong to an item and what each does to it. Must not know pages, or who may decide. Names
in records are those that the log, or the console before it wrote them, has checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import grpc

from audit_svc.console.bodies import record_of
from audit_svc.console.case import (
    CONSOLE,
    DECISION,
    Case,
    Claim,
    Issued,
    Settled,
    Told,
    Vote,
    is_for_people,
    moment,
    requester_of,
)
from audit_svc.console.log import Log
from placet.audit.actors import path_of
from placet.audit.ocsf_objects import number, text
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record
from placet.rpc.errors import ServiceError

KINDS: Final = frozenset(
    {
        "review_claimed",
        "review_released",
        "review_given",
        "verdict_reached",
        "approval_issued",
        "approval_signed",
    }
)
MAX_RECORDS: Final = 100_000
"""Of one request after a verdict. Beyond that something else is going on than a review."""


class Cases:
    """Items by the index of their verdict."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def get(self, index: int) -> Case:
        """The item as the log has it now. Raises ServiceError NOT_FOUND/REVIEW_UNKNOWN, LOG_INCONSISTENT."""
        found = await self._log.ask(partial(_told, index=index))
        if not found or not is_for_people(*found[0]):
            raise _unknown(index)
        if len(found) > MAX_RECORDS:
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "REQUEST_TOO_LONG",
                f"Request {found[0][1].request_id} has more than {MAX_RECORDS} records.",
            )
        return case_of(found[0], found[1:])


def _told(reader: LogReader, index: int) -> list[Told]:
    verdict = reader.get(index)
    if verdict is None:
        return []
    first: Told = (verdict, record_of(verdict))
    if not verdict.request_id:
        return [first]
    later = reader.find(Query(request_id=verdict.request_id, from_index=index + 1, limit=MAX_RECORDS))
    return [first, *((entry, record_of(entry)) for entry in later if entry.kind in KINDS)]


def _unknown(index: int) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.NOT_FOUND,
        "REVIEW_UNKNOWN",
        f"Record {index} is no verdict that asks for people. Open the queue and choose one there.",
    )


def case_of(verdict: Told, later: Iterable[Told]) -> Case:
    """Put together an item. `later` holds records of the same request after it, in log order."""
    entry, record = verdict
    told = list(later)
    about = [each for each in told if _index(each) == entry.index]
    claim, moves = _claims(about)
    settled = _settled(entry, record, told)
    return Case(
        entry,
        record,
        tuple(vote for vote in _votes(about) if vote.name != requester_of(text(record.body, "caller"))),
        claim,
        moves,
        sum(record.kind == "review_given" and path_of(record.actor) == CONSOLE for _, record in about),
        settled,
        tuple(_issued(settled, told)) if settled else (),
    )


def _index(told: Told) -> int | None:
    return number(told[1].body, "verdict_index")


def _name(record: Record) -> str:
    return text(record.body, "decided_by").removeprefix("human:")


def _votes(about: Iterable[Told]) -> Iterator[Vote]:
    """Decisions that come with their signed statement; without one nobody else could check them."""
    for entry, record in about:
        if record.kind == "review_given" and any(body.role == DECISION for body in record.bodies):
            verdict, reason = text(record.body, "verdict"), text(record.body, "reason")
            here = path_of(record.actor) == CONSOLE
            yield Vote(entry.index, entry.leaf_hash, _name(record), verdict, reason, record.time, here)


def _claims(about: Iterable[Told]) -> tuple[Claim | None, int]:
    claim, moves = None, 0
    for _, record in about:
        if record.kind == "review_claimed":
            claim, moves = Claim(_name(record), moment(text(record.body, "until"))), moves + 1
        elif record.kind == "review_released":
            claim, moves = None, moves + 1
        elif record.kind == "review_given" and claim and claim.name == _name(record):
            claim = None
    return claim, moves


def _settled(verdict: Entry, asked: Record, told: Iterable[Told]) -> Settled | None:
    """The first verdict by a person on this item; one that names none is about the same program and scope."""
    for entry, record in told:
        body = record.body
        if record.kind != "verdict_reached" or not text(body, "decided_by").startswith("human:"):
            continue
        named = number(body, "reviewed_index")
        same = all(body[field] == asked.body[field] for field in ("program_sha256", "scope"))
        if named == verdict.index or (named is None and same):
            said, here = text(body, "verdict"), path_of(record.actor) == CONSOLE
            return Settled(entry.index, entry.leaf_hash, said, _name(record), record.time, here)
    return None


def _issued(settled: Settled, told: Iterable[Told]) -> Iterator[Issued]:
    told = list(told)
    signed = {
        number(record.body, "issued_index"): entry.index
        for entry, record in told
        if record.kind == "approval_signed"
    }
    for entry, record in told:
        body = record.body
        if record.kind == "approval_issued" and number(body, "verdict_index") == settled.index:
            yield Issued(
                entry,
                text(body, "approval_id"),
                text(body, "key_id"),
                moment(text(body, "expires_at")),
                signed.get(entry.index),
            )

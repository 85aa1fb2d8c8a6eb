"""Where the items of the queue are found: read from the log whenever somebody asks, never remembered.

Knows which records belong to an item. Must not know pages, nor who may decide.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import grpc

from audit_svc.console.bodies import record_of
from audit_svc.console.case import Case, Told, case_of, is_for_people
from audit_svc.console.log import Log
from placet.audit.query import Query
from placet.audit.reader import LogReader
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

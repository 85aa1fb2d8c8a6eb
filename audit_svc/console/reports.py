"""Signed reports of replays: checked, put into the log, found again (docs/replay-format.md §3).

Knows envelopes and the record `replay_reported`. Must not know how a replay comes to its flips.
"""

from __future__ import annotations

import hashlib
from typing import Final

import grpc

from audit_svc.console import bodies
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.reviewers import Reviewers
from audit_svc.draft import Draft
from audit_svc.readings import Readings
from placet.approval import ApprovalRefused, envelope
from placet.audit.client import Appended
from placet.audit.query import Query
from placet.audit.reader import Entry
from placet.audit.replay_report import MAX_REPORT_BYTES, Report
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri

MAX_ENVELOPE_BYTES: Final = 2 * MAX_REPORT_BYTES
KIND: Final = "replay_reported"
BODY: Final = "report"
LISTED: Final = Query(kind=KIND, descending=True, limit=20)


class Reports:
    """The reports in the log."""

    def __init__(self, log: Log, reviewers: Reviewers) -> None:
        self._log, self._reviewers = log, reviewers
        self._readings = Readings(log.append)

    async def record(self, person: Person, report: Report, signed: bytes) -> Appended:
        """Record an envelope around exactly that report, signed by that person.

        Raises ServiceError: REPORT_NOT_SIGNED, or AUDIT_UNAVAILABLE; then nothing is recorded.
        """
        self._check(person, report, signed)
        body = {
            "decided_by": person.decided_by,
            "report_sha256": hashlib.sha256(signed).hexdigest(),
            "from_index": report.range.from_index,
            "to_index": report.range.to_index,
            "verdicts": report.verdicts,
            "flipped": report.flipped,
            "guard": report.guard,
            "layers": report.layers,
        }
        return await self._log.append(Draft(KIND, "", service_uri("console"), body, {BODY: signed}))

    async def newest_first(self, person: Person) -> list[Entry]:
        """The last reports' records, for a person whose query is on record. Raises ServiceError."""
        await self._readings.query(person.uri, LISTED)
        return await self._log.ask(lambda reader: list(reader.find(LISTED)))

    async def signed(self, person: Person, index: int) -> bytes:
        """The envelope of a report, once it is on record who reads it; empty when there is none."""
        entry = await self._log.ask(lambda reader: reader.get(index))
        if entry is None or entry.kind != KIND:
            return b""
        return (await bodies.shown_to(person, self._log, entry, [BODY])).get(BODY, b"")

    def _check(self, person: Person, report: Report, signed: bytes) -> None:
        if len(signed) > MAX_ENVELOPE_BYTES:
            raise _refused("it is too large")
        keys = self._reviewers.keys()
        try:
            parsed = envelope.parse(signed)
            envelope.check_type(parsed)
            key_id = envelope.verify(parsed, keys)
        except ApprovalRefused as error:
            raise _refused(str(error)) from error
        if keys.person_of(key_id) != person.name:
            raise _refused("the key that signed it is another person's")
        if parsed.payload != report.to_bytes():
            raise _refused("it is not what this console found")


def _refused(why: str) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.INVALID_ARGUMENT,
        "REPORT_NOT_SIGNED",
        f"The report is not recorded: {why}. Sign it on its page, with your own key.",
    )

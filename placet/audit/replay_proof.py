"""Proves a signed report of a replay: who signed it, which log it rests on, which records it names.

Knows envelopes, reports and records (docs/replay-format.md §3). The file is untrusted. Whether a guard would
say the same again is for whoever asks one. No I/O but through the reader it is given.
"""

from __future__ import annotations

from typing import Protocol

from placet.approval import ApprovalRefused, KeySet, envelope
from placet.audit.actors import path_of
from placet.audit.checkpoint import LogVerifier
from placet.audit.merkle import leaf_hash
from placet.audit.note import CheckpointRefused
from placet.audit.reader import Entry
from placet.audit.record import Record, RecordInvalid
from placet.audit.replay_report import Report, ReportInvalid


class Records(Protocol):
    """A log's records by index."""

    def get(self, index: int) -> Entry | None:
        """None when there is none."""


def prove(signed: bytes, log: LogVerifier, keys: KeySet) -> Report:
    """The report in an untrusted envelope. Raises ReportInvalid with the part of 3.4 that does not hold."""
    try:
        parsed = envelope.parse(signed)
        envelope.check_type(parsed)
        signer = keys.person_of(envelope.verify(parsed, keys))
    except ApprovalRefused as error:
        raise ReportInvalid(f"3.4: {error}") from error
    report = Report.from_bytes(parsed.payload)
    if not signer or report.reported_by != f"human:{signer}":
        raise ReportInvalid(f"3.4: it is {report.reported_by}'s, and signed by {signer or 'nobody known'}")
    try:
        log.open(report.log.checkpoint)
    except CheckpointRefused as error:
        raise ReportInvalid(f"3.4: {error}") from error
    return report


def check_records(report: Report, records: Records) -> None:
    """That each flip is of a verdict that the log has. Raises ReportInvalid for the first that is not."""
    for flip in report.flips:
        entry = records.get(flip.index)
        if entry is None or leaf_hash(entry.leaf).hex() != flip.leaf_hash:
            raise ReportInvalid(f"3.5: record {flip.index} of the log is not the one that it names")
        if not _is_verdict(entry):
            raise ReportInvalid(f"3.5: record {flip.index} is no verdict of the guard")


def _is_verdict(entry: Entry) -> bool:
    try:
        record = Record.decode(entry.leaf)
    except RecordInvalid:
        return False
    return record.kind == "verdict_reached" and path_of(record.actor) == "svc/guard"

"""A signed report of a replay: `audit verify --report` proves it. Knows files; proves nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from placet.approval import KeySet
from placet.audit.reader import LogUnreadable
from placet.audit.replay_proof import check_records, prove
from placet.audit.replay_report import MAX_REPORT_BYTES, Report, ReportInvalid, subjects
from placet.cli import one_file
from placet.cli.invocation import Invocation

MAX_FILE_BYTES: Final = 2 * MAX_REPORT_BYTES


@dataclass(frozen=True)
class Evidence:
    """The report's file, and a log to hold it against: a SQLite file or an address."""

    path: Path
    database: Path | str
    required: bool
    """Whether a database that is not there is an error; otherwise the report is proven without it."""


def verify_report(here: Invocation, evidence: Evidence, vkey: str, keys: KeySet) -> int:
    """0 proven, 1 broken. Raises ServiceError: REPORT_UNREADABLE, LOG_KEY_UNFIT, DATABASE_UNFIT."""
    signed = one_file.read(evidence.path, MAX_FILE_BYTES, "REPORT_UNREADABLE")
    try:
        report = prove(signed, one_file.log_of(vkey), keys)
        compared = _check_records(report, evidence)
    except ReportInvalid as error:
        return one_file.show(
            here, {"ok": False, "first_break": str(error)}, f"BROKEN: {evidence.path}: {error}"
        )
    told = {
        "ok": True,
        "reported_by": report.reported_by,
        "log": report.log.origin,
        "tree_size": report.log.size,
        "verdicts": report.verdicts,
        "flipped": report.flipped,
        "subjects": subjects(report.policies),
        "records_compared": compared,
        "first_break": None,
    }
    return one_file.show(here, told, _sentence(report, compared))


def _sentence(report: Report, compared: bool) -> str:
    held = "each flip's record is in the log" if compared else "no log at hand to find the flips' records in"
    return (
        f"PROVEN: {report.reported_by} signed that {report.flipped} of {report.verdicts} verdicts of log "
        f"{report.log.origin} flip, under a checkpoint of {report.log.size} records; {held}"
    )


def _check_records(report: Report, evidence: Evidence) -> bool:
    place = evidence.database
    if isinstance(place, Path) and not place.exists() and not evidence.required:
        return False
    # It brings PostgreSQL's client, for which no other verb should wait at its start.
    from placet.audit.reader_postgres import open_log

    try:
        with open_log(place if "://" in str(place) else Path(place)) as reader:
            check_records(report, reader)
    except (LogUnreadable, ValueError) as error:
        if isinstance(error, ReportInvalid):
            raise
        raise one_file.refused("DATABASE_UNFIT", str(error)) from error
    return True

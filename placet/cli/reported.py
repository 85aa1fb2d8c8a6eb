"""A signed report of a replay: `audit verify --report` proves it. Knows files; proves nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
from rich.text import Text

from placet.approval import KeySet
from placet.audit.checkpoint import LogVerifier
from placet.audit.note import CheckpointRefused
from placet.audit.reader import LogUnreadable
from placet.audit.reader_postgres import open_log
from placet.audit.replay_proof import check_records, prove
from placet.audit.replay_report import MAX_REPORT_BYTES, Report, ReportInvalid, subjects
from placet.cli.human import visible
from placet.cli.invocation import Invocation
from placet.rpc.errors import ServiceError

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
    signed = _read(evidence.path)
    try:
        report = prove(signed, _log(vkey), keys)
        compared = _check_records(report, evidence)
    except ReportInvalid as error:
        return _show(here, {"ok": False, "first_break": str(error)}, f"BROKEN: {evidence.path}: {error}")
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
    return _show(here, told, _sentence(report, compared))


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
    try:
        with open_log(place if "://" in str(place) else Path(place)) as reader:
            check_records(report, reader)
    except (LogUnreadable, ValueError) as error:
        if isinstance(error, ReportInvalid):
            raise
        raise _refused("DATABASE_UNFIT", str(error)) from error
    return True


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise _refused("REPORT_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error


def _log(vkey: str) -> LogVerifier:
    try:
        return LogVerifier.from_vkey(vkey)
    except CheckpointRefused as error:
        raise _refused("LOG_KEY_UNFIT", f"the log's key cannot be used: {error}") from error


def _show(here: Invocation, told: dict[str, Any], sentence: str) -> int:
    if here.as_json:
        here.emit(told)
    else:
        here.out.print(Text(visible(sentence), style="" if told["ok"] else "red"))
    return 0 if told["ok"] else 1


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)

"""Prove a log from its database, its last checkpoint and its public key: nothing else is asked or trusted.

    report = verify_database(Path("audit.sqlite"), Path("checkpoint"), vkey)
    report.ok            # bool
    report.first_break   # Break(index, what, meaning) | None
    report.lines()       # list[str], for people
    report.to_json()     # dict, for programs: {"ok", "first_break": {"index", "what", "meaning"} | None, ...}
    report.exit_code     # 0 proven, 1 broken

Knows docs/audit-format.md §6. Must not write, and must not import gRPC: it runs where the services do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from placet.approval import KeySet
from placet.audit.beside import Broken
from placet.audit.chain import Chain
from placet.audit.checkpoint import Checkpoint, LogVerifier
from placet.audit.note import CheckpointRefused
from placet.audit.placed import ChainBroken, Placed
from placet.audit.reader import LogUnreadable
from placet.audit.record import Record
from placet.audit.report import MAX_SHOWN, Break, Report
from placet.audit.row_checks import Bodies, Columns, Retries, Rules, read, read_page
from placet.audit.rows import LogRows, Row, pages, postgres_rows, sqlite_rows
from placet.audit.signed import Signed
from placet.audit.tiles import WIDTH
from placet.audit.tree_checks import Checkpoints, TiledRange, Tiles
from placet.audit.trust import TrustPolicy

FILE: Final = "the checkpoint file"


def verify_database(
    database: Path | str,
    checkpoint_file: Path,
    vkey: str,
    *,
    kept: Sequence[Path] = (),
    policy: TrustPolicy | None = None,
    reviewers: KeySet | None = None,
) -> Report:
    """Prove a log's database against the checkpoint kept outside it. Never raises for what it finds.

    `database` is a SQLite file, or the address of a PostgreSQL database. `kept` are files with checkpoints of
    this log that somebody else kept; `policy` says which witnesses must have cosigned one; with `reviewers`
    the signatures of people are checked against their keys. All files are read before the database, so that a
    log that grows meanwhile is not broken. Raises ValueError for an address
    that is not fit.
    """
    report = Report()
    try:
        log = _verifier(vkey)
        outside = {FILE: _checkpoint(checkpoint_file, log, FILE)}
        outside |= {str(path): _checkpoint(path, log, "the kept checkpoint") for path in kept}
        report.log, report.checkpoint_size = log.name, outside[FILE].size
        report.kept_checkpoints = len(kept)
        with _rows(database) as rows:
            _Pass(log, rows, outside, report, policy, reviewers).run()
    except Broken as stop:
        report.add(stop.found)
    except LogUnreadable as error:
        report.add(
            Break(
                report.records,
                f"record {report.records} and later cannot be read: {error}",
                "The database is missing or damaged; restore it from a copy.",
            )
        )
    report.breaks.sort(key=lambda found: -1 if found.index is None else found.index)
    return report


def _rows(database: Path | str) -> AbstractContextManager[LogRows]:
    return sqlite_rows(database) if isinstance(database, Path) else postgres_rows(database)


def _verifier(vkey: str) -> LogVerifier:
    try:
        return LogVerifier.from_vkey(vkey)
    except CheckpointRefused as error:
        raise Broken(None, f"no record can be proven: {error}", "Give the log's own key.") from error


def _checkpoint(path: Path, log: LogVerifier, name: str) -> Checkpoint:
    try:
        note = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(
            None,
            f"no record can be proven: {name} {path} cannot be read ({type(error).__name__})",
            "Without it a cut or rolled-back log looks whole; bring a checkpoint kept elsewhere.",
        ) from error
    try:
        return log.open(note)
    except CheckpointRefused as error:
        raise Broken(
            None,
            f"{name} {path} does not prove its records: {error}",
            "It was changed, or another log's key signed it.",
        ) from error


class _Story:
    """What the records say, one after the other (placet/audit/chain.py)."""

    def __init__(self) -> None:
        self.chain = Chain()

    def take(self, index: int, row: Row, record: Record) -> None:
        """Raises ChainBroken."""
        self.chain.follow(Placed(index, row[2], record, record.body))

    def end(self) -> None:
        """Nothing is left over."""


class _Pass:
    """One pass over the records, in order."""

    def __init__(
        self,
        log: LogVerifier,
        rows: LogRows,
        outside: dict[str, Checkpoint],
        report: Report,
        policy: TrustPolicy | None,
        reviewers: KeySet | None,
    ) -> None:
        self._log, self._rows, self._report = log, rows, report
        self._anchored, self._last_time, self._summary = outside[FILE].size, "", report.summary
        self._tree = TiledRange()
        self._tiles, self._checkpoints = Tiles(rows), Checkpoints(log, rows, outside, policy)
        self._policy, self._reviewers = policy, reviewers
        self._bodies, self._story = Bodies(rows), _Story()
        self._signed_by = Signed(self._bodies, reviewers)
        self._checks = (Columns(), Retries(), Rules(rows), self._bodies, self._story, self._signed_by)

    def run(self) -> None:
        """Raise Broken at the first break of bytes; broken rules, and what is good, go into the report."""
        try:
            self._signed()
            for page in pages(self._rows.entries()):
                for row, record in zip(page, read_page(page, self._log.name), strict=True):
                    self._take(row, record)
            self._end()
        finally:
            self._sum_up()

    def _take(self, row: Row, record: Record | None) -> None:
        """`record` is the row's, if it is known to be good."""
        index = self._tree.size
        if row[0] != index:
            raise Broken(
                index,
                f"record {index} is missing; record {row[0]} follows record {index - 1}",
                "A record was dropped from the log.",
            )
        record = record or read(row, index, self._log.name)
        if not index:
            self._report.first_time = record.time
        for check in self._checks:
            try:
                check.take(index, row, record)
            except ChainBroken as error:
                what = f"record {index} ({record.kind}): {error.what}"
                self._report.add(Break(index, what, error.meaning))
        self._tree.grow(row[2])
        if not self._tree.size % WIDTH:
            self._tiles.take(self._tree)
        self._signed()
        self._summary.count(record)
        self._last_time = record.time

    def _signed(self) -> None:
        if self._tree.size == self._checkpoints.next:
            self._checkpoints.at(self._tree)

    def _end(self) -> None:
        self._checkpoints.end(self._tree)
        for check in self._checks:
            check.end()
        self._tiles.end()

    def _sum_up(self) -> None:
        report = self._report
        report.records, report.last_time = self._tree.size, self._last_time
        report.root = self._checkpoints.root.hex()
        report.bodies_present, report.bodies_erased = self._bodies.present, self._bodies.erased
        report.runs_unfinished = self._story.chain.unfinished
        if report.runs_unfinished:
            shown = ", ".join(map(str, report.runs_unfinished[:MAX_SHOWN]))
            report.notes.append(
                f"{len(report.runs_unfinished)} runs have no end (started in records {shown})"
            )
        if self._reviewers:
            report.people_signed = self._signed_by.signatures
        if self._policy:
            report.witnessed_size = self._checkpoints.witnessed
        if self._anchored < self._tree.size:
            report.notes.append(
                f"the checkpoint file covers {self._anchored} records; the database's own covers the rest"
            )

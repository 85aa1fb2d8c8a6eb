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
from placet.audit.row_checks import Bodies, Columns, Retries, Rules, hashed, read, read_page
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
    bytes_only: bool = False,
) -> Report:
    """Prove a log's database against the checkpoint kept outside it. Never raises for what it finds.

    `database` is a SQLite file, or the address of a PostgreSQL database. `kept` are files with checkpoints of
    this log that somebody else kept; `policy` says which witnesses must have cosigned one; with `reviewers`
    the signatures of people are checked against their keys. With `bytes_only` it is proven that the records
    are those that the log signed, and not what they say, what stands beside them, or their bodies. All files
    are read before the database, so that a log that grows meanwhile is not broken. Raises ValueError for an
    address that is not fit.
    """
    report = Report()
    try:
        log = _verifier(vkey)
        outside = {FILE: _checkpoint(checkpoint_file, log, FILE)}
        outside |= {str(path): _checkpoint(path, log, "the kept checkpoint") for path in kept}
        report.log, report.checkpoint_size = log.name, outside[FILE].size
        report.kept_checkpoints = len(kept)
        with _rows(database) as rows:
            tree = _Tree(log, rows, outside, policy)
            if bytes_only:
                _bytes_pass(tree, rows, report)
            else:
                _Pass(log, rows, tree, report, reviewers).run()
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


class _Tree:
    """The tree over the records so far, and everything that was said about it."""

    def __init__(
        self, log: LogVerifier, rows: LogRows, outside: dict[str, Checkpoint], policy: TrustPolicy | None
    ) -> None:
        self._tree, self._tiles = TiledRange(), Tiles(rows)
        self._checkpoints = Checkpoints(log, rows, outside, policy)
        self._anchored, self._policy = outside[FILE].size, policy

    @property
    def size(self) -> int:
        """Records so far."""
        return self._tree.size

    def place(self, row: Row) -> int:
        """The next record's index, which its row must have. Raises Broken."""
        index = self._tree.size
        if row[0] != index:
            raise Broken(
                index,
                f"record {index} is missing; record {row[0]} follows record {index - 1}",
                "A record was dropped from the log.",
            )
        return index

    def grow(self, digest: bytes) -> None:
        """Add the record with this leaf hash. Raises Broken."""
        self._tree.grow(digest)
        if not self._tree.size % WIDTH:
            self._tiles.take(self._tree)
        self.compare()

    def compare(self) -> None:
        """With the checkpoints of this size. Raises Broken."""
        if self._tree.size == self._checkpoints.next:
            self._checkpoints.at(self._tree)

    def end(self) -> None:
        """All records are read. Raises Broken."""
        self._checkpoints.end(self._tree)
        self._tiles.end()

    def sum_up(self, report: Report) -> None:
        """What was found so far."""
        report.records, report.root = self._tree.size, self._checkpoints.root.hex()
        if self._policy:
            report.witnessed_size = self._checkpoints.witnessed
        if self._anchored < self._tree.size:
            report.notes.append(
                f"the checkpoint file covers {self._anchored} records; the database's own covers the rest"
            )


def _bytes_pass(tree: _Tree, rows: LogRows, report: Report) -> None:
    """Raise Broken at the first break of bytes."""
    report.bytes_only = True
    try:
        tree.compare()
        for row in rows.leaves():
            hashed(row, tree.place(row))
            tree.grow(row[2])
        tree.end()
    finally:
        tree.sum_up(report)


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
    """One pass over the records, in order, and everything that is checked of them."""

    def __init__(
        self, log: LogVerifier, rows: LogRows, tree: _Tree, report: Report, reviewers: KeySet | None
    ) -> None:
        self._log, self._rows, self._tree, self._report = log, rows, tree, report
        self._last_time, self._summary, self._reviewers = "", report.summary, reviewers
        self._bodies, self._story = Bodies(rows), _Story()
        self._signed_by = Signed(self._bodies, reviewers)
        self._checks = (Columns(), Retries(), Rules(rows), self._bodies, self._story, self._signed_by)

    def run(self) -> None:
        """Raise Broken at the first break of bytes; broken rules, and what is good, go into the report."""
        try:
            self._tree.compare()
            for page in pages(self._rows.entries()):
                for row, record in zip(page, read_page(page, self._log.name), strict=True):
                    self._take(row, record)
            self._end()
        finally:
            self._sum_up()

    def _take(self, row: Row, record: Record | None) -> None:
        """`record` is the row's, if it is known to be good."""
        index = self._tree.place(row)
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
        self._summary.count(record)
        self._last_time = record.time

    def _end(self) -> None:
        self._tree.end()
        for check in self._checks:
            check.end()

    def _sum_up(self) -> None:
        report = self._report
        self._tree.sum_up(report)
        report.last_time = self._last_time
        report.bodies_present, report.bodies_erased = self._bodies.present, self._bodies.erased
        report.runs_unfinished = self._story.chain.unfinished
        if report.runs_unfinished:
            shown = ", ".join(map(str, report.runs_unfinished[:MAX_SHOWN]))
            report.notes.append(
                f"{len(report.runs_unfinished)} runs have no end (started in records {shown})"
            )
        if self._reviewers:
            report.people_signed = self._signed_by.signatures

"""Prove a log from its database, its last checkpoint and its public key: nothing else is asked or trusted.

    report = verify_database(Path("audit.sqlite"), Path("checkpoint"), vkey)
    report.ok            # bool
    report.first_break   # Break(index, what, meaning) | None
    report.lines()       # list[str], for people
    report.to_json()     # dict, for programs: {"ok", "first_break": {"index", "what", "meaning"} | None, ...}
    report.exit_code     # 0 proven, 1 broken

`verify_records` does the same over records from any source. Knows docs/audit-format.md §6. Must not
write, and must not import gRPC: it runs where the services do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from placet.audit.chain import Chain, ChainBroken, Placed
from placet.audit.checkpoint import Checkpoint, CheckpointRefused, LogVerifier
from placet.audit.columns import columns_of
from placet.audit.merkle import CompactRange, leaf_hash
from placet.audit.reader import Entry, LogReader, LogUnreadable, StoredBody
from placet.audit.record import Record, RecordInvalid, body_digest

Bodies = Callable[[int], Sequence[StoredBody]]
"""The kept bodies of a record, by index."""


@dataclass(frozen=True)
class Break:
    """The first place at which the log is not what it claims to be."""

    index: int | None
    """The record, counted from 0; None when no single record can be named."""
    what: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.what}. {self.meaning}"


@dataclass
class Report:
    """What was proven, up to the first break if there is one."""

    log: str = ""
    records: int = 0
    """Records read and found good."""
    checkpoint_size: int | None = None
    """Records under the checkpoint that was kept outside the database."""
    root: str = ""
    runs_finished: int = 0
    runs_unfinished: list[int] = field(default_factory=list)
    """Indexes of run_started records without an end."""
    approvals: int = 0
    bodies_present: int = 0
    bodies_erased: int = 0
    first_time: str = ""
    last_time: str = ""
    notes: list[str] = field(default_factory=list)
    first_break: Break | None = None

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return self.first_break is None

    @property
    def exit_code(self) -> int:
        """0 proven, 1 broken."""
        return 0 if self.ok else 1

    def lines(self) -> list[str]:
        """The report for people, the conclusion first."""
        found = [f"Log {self.log or '?'}: {'VERIFIED' if self.ok else 'BROKEN'}"]
        if self.first_break:
            found += [
                f"  first break: {self.first_break.what}",
                f"  what it means: {self.first_break.meaning}",
            ]
        found.append(f"  records good: {self.records}{self._span()}")
        if self.ok:
            found.append(f"  signed checkpoint: {self.checkpoint_size} records, root {self.root}")
        found.append(
            f"  approvals issued: {self.approvals}; runs finished: {self.runs_finished}, "
            f"each by one unexpired approval of an ALLOWED verdict on the same program"
        )
        found.append(f"  bodies: {self.bodies_present} match their digests, {self.bodies_erased} erased")
        return found + [f"  note: {note}" for note in self.notes]

    def _span(self) -> str:
        return f" ({self.first_time} to {self.last_time})" if self.first_time else ""

    def to_json(self) -> dict[str, object]:
        """The report for programs."""
        broken = self.first_break
        return {
            "ok": self.ok,
            "log": self.log,
            "records": self.records,
            "checkpoint_size": self.checkpoint_size,
            "root": self.root,
            "approvals": self.approvals,
            "runs_finished": self.runs_finished,
            "runs_unfinished": list(self.runs_unfinished),
            "bodies_present": self.bodies_present,
            "bodies_erased": self.bodies_erased,
            "first_time": self.first_time,
            "last_time": self.last_time,
            "notes": list(self.notes),
            "first_break": broken and {"index": broken.index, "what": broken.what, "meaning": broken.meaning},
        }


class _Found(Exception):  # noqa: N818 - not an error: it carries the break out of the loops
    def __init__(self, index: int | None, what: str, meaning: str) -> None:
        super().__init__(what)
        self.found = Break(index, what, meaning)


def verify_database(db: Path, checkpoint_file: Path, vkey: str) -> Report:
    """Prove a log's database against the checkpoint kept outside it. Never raises for what it finds.

    The checkpoint file is read before the database, so that a log that grows meanwhile is not broken.
    """
    report = Report()
    try:
        log = _verifier(vkey)
        anchor = _anchor(checkpoint_file, log)
        report.log, report.checkpoint_size = log.name, anchor.size
        with LogReader(db) as reader:
            reader.snapshot()
            pass_over = _Pass(log, anchor, reader.checkpoints(), reader.bodies, report)
            pass_over.run(reader.entries())
            _no_stray_bodies(reader, report)
    except _Found as stop:
        report.first_break = stop.found
    except LogUnreadable as error:
        report.first_break = Break(
            report.records,
            f"record {report.records} and later cannot be read: {error}",
            "The database is missing or damaged; restore it from a copy.",
        )
    return report


def verify_records(
    entries: Iterable[Entry],
    *,
    anchor: str,
    vkey: str,
    checkpoints: Sequence[tuple[int, str]] = (),
    bodies: Bodies = lambda _: (),
) -> Report:
    """Prove records from any source against `anchor`, a signed note. Never raises for what it finds."""
    report = Report()
    try:
        log = _verifier(vkey)
        checkpoint = _open(log, anchor, None, "the given checkpoint")
        report.log, report.checkpoint_size = log.name, checkpoint.size
        _Pass(log, checkpoint, checkpoints, bodies, report).run(entries)
    except _Found as stop:
        report.first_break = stop.found
    return report


def _verifier(vkey: str) -> LogVerifier:
    try:
        return LogVerifier.from_vkey(vkey)
    except CheckpointRefused as error:
        raise _Found(None, f"no record can be proven: {error}", "Give the log's own key.") from error


def _anchor(path: Path, log: LogVerifier) -> Checkpoint:
    try:
        note = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise _Found(
            None,
            f"no record can be proven: the checkpoint file {path} cannot be read ({type(error).__name__})",
            "Without it a cut or rolled-back log looks whole; bring a checkpoint kept elsewhere.",
        ) from error
    return _open(log, note, None, f"the checkpoint file {path}")


def _open(log: LogVerifier, note: str, index: int | None, name: str) -> Checkpoint:
    try:
        return log.open(note)
    except CheckpointRefused as error:
        raise _Found(
            index,
            f"{name} does not prove its records: {error}",
            "It was changed, or another log's key signed it.",
        ) from error


class _Pass:
    """One pass over the records, in order."""

    def __init__(
        self,
        log: LogVerifier,
        anchor: Checkpoint,
        checkpoints: Sequence[tuple[int, str]],
        bodies: Bodies,
        report: Report,
    ) -> None:
        self._log, self._anchor, self._bodies, self._report = log, anchor, bodies, report
        self._notes = dict(checkpoints)
        self._stored = bool(checkpoints)
        self._tree, self._chain = CompactRange(), Chain()
        self._proven = 0
        self._retries: set[tuple[str, str]] = set()

    def run(self, entries: Iterable[Entry]) -> None:
        """Raise _Found at the first break; count what is good in the report."""
        self._roots()
        for entry in entries:
            self._take(entry)
        self._end()

    def _take(self, entry: Entry) -> None:
        index = self._tree.size
        if entry.index != index:
            raise _Found(
                index,
                f"record {index} is missing; record {entry.index} follows record {index - 1}",
                "A record was dropped from the log.",
            )
        record = self._decoded(entry)
        self._match_columns(entry, record)
        self._match_bodies(entry, record)
        try:
            self._chain.follow(Placed(index, entry.leaf_hash, record))
        except ChainBroken as error:
            raise _Found(index, f"record {index} ({record.kind}): {error.what}", error.meaning) from error
        self._tree.append(entry.leaf_hash)
        self._count(record)
        self._roots()

    def _decoded(self, entry: Entry) -> Record:
        changed = "The record was changed after it was written."
        if leaf_hash(entry.leaf) != entry.leaf_hash:
            raise _Found(entry.index, f"record {entry.index}: its bytes do not give its leaf hash", changed)
        try:
            record = Record.decode(entry.leaf)
        except RecordInvalid as error:
            raise _Found(
                entry.index, f"record {entry.index} is not a valid record: {error}", changed
            ) from error
        if record.log != self._log.name:
            raise _Found(entry.index, f"record {entry.index} is of log {record.log!r}", "It was copied here.")
        return record

    def _match_columns(self, entry: Entry, record: Record) -> None:
        """What is stored beside the leaf is only there for searching, and must not say otherwise."""
        columns = columns_of(record)
        pairs = {
            "time": (entry.time, columns.time),
            "caller": (entry.caller, columns.caller),
            "scope": (entry.scope, columns.scope),
            "verdict": (entry.verdict, columns.verdict),
            "kind": (entry.kind, record.kind),
            "request_id": (entry.request_id, record.request_id),
            "actor": (entry.actor, record.actor),
            "approval_id": (entry.approval_id, str(record.body.get("approval_id", ""))),
            "idempotency_key": (entry.idempotency_key, record.idempotency_key),
        }
        for name, (stored, proven) in pairs.items():
            if stored != proven:
                raise _Found(
                    entry.index,
                    f"record {entry.index}: its stored {name} is not the one in its proven bytes",
                    "The index beside the record was changed, to hide it or to free an approval.",
                )
        retry = (record.actor, record.idempotency_key)
        if record.idempotency_key and retry in self._retries:
            raise _Found(entry.index, f"record {entry.index} repeats an idempotency key", "It was invented.")
        self._retries.add(retry)

    def _match_bodies(self, entry: Entry, record: Record) -> None:
        named = {body.role: body for body in record.bodies}
        kept = self._bodies(entry.index)
        for body in kept:
            ref = named.get(body.role)
            if (
                ref is None
                or len(body.content) != ref.size
                or body_digest(body.salt, body.content) != ref.sha256
            ):
                raise _Found(
                    entry.index,
                    f"record {entry.index}: the kept {body.role!r} is not what the record's digest names",
                    "The program, text or output beside the record was changed.",
                )
        self._report.bodies_present += len(kept)
        self._report.bodies_erased += len(named) - len(kept)

    def _count(self, record: Record) -> None:
        report, chain = self._report, self._chain
        report.records = self._tree.size
        report.first_time = report.first_time or record.time
        report.last_time = record.time
        report.runs_finished, report.approvals = chain.finished, len(chain.approvals)

    def _roots(self) -> None:
        """Compare the root with every signed checkpoint of this size."""
        size = self._tree.size
        note = self._notes.pop(size, None)
        if note is not None:
            name = f"the stored checkpoint over {size} records"
            stored = _open(self._log, note, max(size - 1, 0), f"record {max(size - 1, 0)}: {name}")
            if stored.size != size:
                raise _Found(
                    size, f"record {size}: {name} is one over {stored.size}", "Checkpoints were moved."
                )
            self._compare(stored)
        if self._anchor.size == size:
            self._compare(self._anchor)

    def _compare(self, checkpoint: Checkpoint) -> None:
        size, root = self._tree.size, self._tree.root()
        if checkpoint.root != root:
            where = (
                f"record {size - 1}" if size - self._proven == 1 else f"records {self._proven} to {size - 1}"
            )
            raise _Found(
                min(self._proven, max(size - 1, 0)),
                f"{where}: the records do not give the root that the log signed over {size} records",
                "A record there was rewritten together with its hash.",
            )
        self._proven, self._report.root = size, root.hex()

    def _end(self) -> None:
        size, anchored = self._tree.size, self._anchor.size
        if size < anchored:
            raise _Found(
                size,
                f"record {size} and later are missing: {size} records are there, the checkpoint "
                f"kept outside the database covers {anchored}",
                "The end of the log was cut off, or an older copy was put in its place.",
            )
        if self._proven < size:
            raise _Found(
                self._proven,
                f"record {self._proven} and later are covered by no signed checkpoint",
                "They were added without the log's key.",
            )
        if self._notes:
            raise _Found(
                size,
                f"record {size} is missing: a stored checkpoint covers {max(self._notes)}, {size} are there",
                "The end of the log was cut off.",
            )
        self._remark(anchored)

    def _remark(self, anchored: int) -> None:
        report = self._report
        report.runs_unfinished = self._chain.unfinished
        if report.runs_unfinished:
            shown = ", ".join(map(str, report.runs_unfinished[:10]))
            report.notes.append(
                f"{len(report.runs_unfinished)} runs have no end (started in records {shown})"
            )
        if anchored < self._tree.size:
            report.notes.append(
                f"the checkpoint file covers {anchored} records; the database's own covers the rest"
            )


def _no_stray_bodies(reader: LogReader, report: Report) -> None:
    for index in reader.body_indexes():
        if not 0 <= index < report.records:
            raise _Found(
                index, f"record {index} does not exist, but a body of it is kept", "It was put there."
            )

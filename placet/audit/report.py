"""What a verification found: the breaks, and a summary of what the log says, for people and for programs.

Knows words and counts. Must not know how anything is proven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from placet.audit.record import Record

MAX_BREAKS: Final = 100
"""More are not named."""
_MINUTE: Final = len("2026-01-01T00:00")
MAX_SHOWN: Final = 10
"""Breaks, and indexes in a note, that are printed for people."""


@dataclass(frozen=True)
class Break:
    """A place at which the log is not what it claims to be."""

    index: int | None
    """The record, counted from 0; None when no single record can be named."""
    what: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.what}. {self.meaning}"

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {"index": self.index, "what": self.what, "meaning": self.meaning}


@dataclass
class Summary:
    """What the good records say, counted."""

    kinds: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    by_people: int = 0
    """Approvals that a person decided."""
    statuses: Counter[str] = field(default_factory=Counter)
    """How runs ended."""
    silence: timedelta = timedelta()
    """The longest time between two records, if it was over a minute."""
    silence_before: int | None = None
    """The record that ended it."""
    _last: str = ""
    _count: int = 0

    def count(self, record: Record) -> None:
        """Take one more record."""
        kind = record.kind
        self.kinds[kind] += 1
        if record.time[:_MINUTE] != self._last[:_MINUTE]:
            self._listen(record.time)
        self._last, self._count = record.time, self._count + 1
        if kind == "verdict_reached":
            self.verdicts[str(record.body["verdict"])] += 1
        elif kind == "approval_issued":
            self.by_people += str(record.body["decided_by"]).startswith("human:")
        elif kind == "run_finished":
            self.statuses[str(record.body["status"])] += 1

    def _listen(self, time: str) -> None:
        if not self._last:
            return
        gap = datetime.fromisoformat(time) - datetime.fromisoformat(self._last)
        if gap > max(self.silence, timedelta(minutes=1)):
            self.silence, self.silence_before = gap, self._count

    def lines(self) -> Iterator[str]:
        """For people."""
        kinds = self.kinds
        yield f"tasks: {kinds['task_received']}; programs written: {kinds['program_generated']}"
        yield f"verdicts: {sum(self.verdicts.values())}{_listed(self.verdicts)}"
        yield (
            f"approvals issued: {kinds['approval_issued']}, of which people decided {self.by_people}; "
            f"keys revoked: {kinds['key_revoked']}"
        )
        yield (
            f"runs finished: {kinds['run_finished']}{_listed(self.statuses)}; "
            f"aborted: {kinds['run_aborted']}; not admitted: {kinds['admission_refused']}"
        )
        yield (
            f"read: {kinds['records_read']} times; exported: {kinds['records_exported']} times; "
            f"erasures: {kinds['bodies_erased']}"
        )
        silence = f"; longest silence: {self.silence}, before record {self.silence_before}"
        yield (
            f"starts of the log: {kinds['log_started']}; heartbeats: {kinds['heartbeat']}"
            f"{silence if self.silence else ''}"
        )

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "kinds": dict(self.kinds),
            "verdicts": dict(self.verdicts),
            "approvals_by_people": self.by_people,
            "statuses": dict(self.statuses),
            "longest_silence_s": self.silence.total_seconds(),
            "silence_before": self.silence_before,
        }


def _listed(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f" ({told})" if told else ""


@dataclass
class Report:
    """What was proven, up to the first break of its bytes if there is one."""

    log: str = ""
    records: int = 0
    """Records whose bytes were read and found good."""
    checkpoint_size: int | None = None
    """Records under the checkpoint that was kept outside the database."""
    root: str = ""
    witnessed_size: int | None = None
    """Records under the newest checkpoint that has the policy's quorum; None without a policy."""
    bytes_only: bool = False
    """Whether only bytes were looked at, and not what they say."""
    kept_checkpoints: int = 0
    """Checkpoints given besides, all of which this log continues."""
    runs_unfinished: list[int] = field(default_factory=list)
    """Indexes of run_started records without an end."""
    people_signed: int | None = None
    """Signatures of people that hold; None when their keys were not given."""
    bodies_present: int = 0
    bodies_erased: int = 0
    first_time: str = ""
    last_time: str = ""
    summary: Summary = field(default_factory=Summary)
    notes: list[str] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    """The first is the lowest; at most MAX_BREAKS."""

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.breaks

    @property
    def first_break(self) -> Break | None:
        """Where to begin to look."""
        return self.breaks[0] if self.breaks else None

    @property
    def exit_code(self) -> int:
        """0 proven, 1 broken."""
        return 0 if self.ok else 1

    @property
    def runs_finished(self) -> int:
        """Records of kind run_finished."""
        return self.summary.kinds["run_finished"]

    @property
    def approvals(self) -> int:
        """Records of kind approval_issued."""
        return self.summary.kinds["approval_issued"]

    def add(self, found: Break) -> None:
        """Name one more break."""
        if len(self.breaks) < MAX_BREAKS:
            self.breaks.append(found)

    def lines(self) -> list[str]:
        """The report for people, the conclusion first."""
        good = "BYTES VERIFIED" if self.bytes_only else "VERIFIED"
        found = [f"Log {self.log or '?'}: {good if self.ok else 'BROKEN'}"]
        for name, broken in zip(("first break", *["also"] * MAX_SHOWN), self.breaks, strict=False):
            found += [f"  {name}: {broken.what}", f"    what it means: {broken.meaning}"]
        if len(self.breaks) > MAX_SHOWN:
            found.append(f"  and more: {len(self.breaks)} breaks are named with --json")
        found.append(f"  records good: {self.records}{self._span()}")
        found += [f"  {line}" for line in self._proofs()]
        if self.bytes_only:
            found.append("  not looked at: what the records say, what is kept beside them, their bodies")
        else:
            found += [f"  {line}" for line in self.summary.lines()]
            found.append(f"  bodies: {self.bodies_present} match their digests, {self.bodies_erased} erased")
        return found + [f"  note: {note}" for note in self.notes]

    def _span(self) -> str:
        return f" ({self.first_time} to {self.last_time})" if self.first_time else ""

    def _proofs(self) -> Iterator[str]:
        if self.ok:
            yield f"signed checkpoint: {self.checkpoint_size} records, root {self.root}"
            if self.kept_checkpoints:
                yield f"checkpoints kept elsewhere: this log continues all {self.kept_checkpoints}"
            if self.witnessed_size is not None:
                yield f"witnessed: the first {self.witnessed_size} records, by the policy's quorum"
            if self.people_signed is not None:
                yield f"signed by people, with the keys that were given: {self.people_signed}"
            if self.bytes_only:
                return
            yield "each run: one unexpired approval, used once, of an ALLOWED verdict on the same program"

    def to_json(self) -> dict[str, object]:
        """The report for programs."""
        return {
            "ok": self.ok,
            "log": self.log,
            "bytes_only": self.bytes_only,
            "records": self.records,
            "checkpoint_size": self.checkpoint_size,
            "root": self.root,
            "witnessed_size": self.witnessed_size,
            "kept_checkpoints": self.kept_checkpoints,
            "approvals": self.approvals,
            "people_signed": self.people_signed,
            "runs_finished": self.runs_finished,
            "runs_unfinished": list(self.runs_unfinished),
            "bodies_present": self.bodies_present,
            "bodies_erased": self.bodies_erased,
            "first_time": self.first_time,
            "last_time": self.last_time,
            "summary": self.summary.to_json(),
            "notes": list(self.notes),
            "first_break": self.first_break and self.first_break.to_json(),
            "breaks": [broken.to_json() for broken in self.breaks],
        }

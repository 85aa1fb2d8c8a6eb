"""Exports the labelled verdicts of the log as lines with their proofs (docs/labels-format.md §4).

Knows in which order readings are put on record and carried out. Must not know pages, or how a row is
made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from audit_svc.console.bodies import read, record_of
from audit_svc.console.case import GUARD
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.tree import LogTree
from audit_svc.draft import Draft
from placet.audit.actors import path_of
from placet.audit.bundle import Exhibit
from placet.audit.dataset import Labelled, RowTooLong, row, to_line
from placet.audit.labels import Label, exportable
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.tiles import Frontier, TiledTree
from placet.rpc.identity import service_uri

AT_ONCE: Final = 500
"""Verdicts whose reading is one record."""
MAX_LABELS: Final = 1_000_000
FORMAT: Final = "labels"


@dataclass(frozen=True)
class _Found:
    """A verdict to export: where it is, the record that has its task, and the labels on it."""

    verdict: Entry
    task: Entry | None
    labels: tuple[int, ...]


class Export:
    """One export for one person, all under one checkpoint. `begin`, then `lines`."""

    def __init__(self, log: Log, tree: LogTree, person: Person) -> None:
        self._log, self._tree, self._person = log, tree, person
        self._chosen: list[_Found] = []
        self._checkpoint = ""
        self._frontier = Frontier()
        self.left_out = 0
        """Settled verdicts without a program that is still kept, or not of the guard."""

    async def begin(self) -> int:
        """Choose the verdicts and put the export and all its readings on record; how many there are.

        Raises ServiceError: AUDIT_UNAVAILABLE, LOG_INCONSISTENT.
        """
        found = await self._log.ask(_labels)
        for labels in exportable(found).values():
            chosen = await self._log.ask(partial(_found, labels))
            self._chosen += [chosen] if chosen else []
            self.left_out += chosen is None
        if not self._chosen:
            return 0
        await self._put_on_record()
        head = await self._tree.newest()
        self._checkpoint, self._frontier = head.checkpoint, head.frontier
        return len(self._chosen)

    async def lines(self) -> AsyncIterator[bytes]:
        """One line for each verdict, in log order. Raises ServiceError; what came before it holds."""
        for found in self._chosen:
            yield await self._line(found)

    async def _put_on_record(self) -> None:
        first = min(found.verdict.index for found in self._chosen)
        last = max(found.labels[-1] for found in self._chosen)
        body: dict[str, object] = {"reader": self._person.uri, "from_index": first, "to_index": last + 1}
        exported = body | {"format": FORMAT, "rows": len(self._chosen)}
        await self._append("records_exported", exported)
        read_of = {entry.index for found in self._chosen for entry in (found.verdict, found.task) if entry}
        indexes = sorted(read_of)
        for start in range(0, len(indexes), AT_ONCE):
            some = indexes[start : start + AT_ONCE]
            reading = {"reader": self._person.uri, "indexes": some, "roles": ["program", "task"]}
            await self._append("records_read", reading)

    async def _append(self, kind: str, body: Mapping[str, object]) -> None:
        await self._log.append(Draft(kind, "", service_uri("console"), body))

    async def _line(self, found: _Found) -> bytes:
        program = (await read(self._log, found.verdict, ("program",))).get("program")
        task = (await read(self._log, found.task, ("task",))).get("task", b"") if found.task else b""
        try:
            code = program.decode() if program is not None else ""
        except UnicodeDecodeError:
            code = ""  # the guard refused it for not being text; a model cannot be asked about it either
        if not code:
            return b""
        verdict, *labels = await self._log.ask(partial(self._exhibits, (found.verdict.index, *found.labels)))
        whole = Labelled(verdict, tuple(labels), code, task.decode())
        try:
            return to_line(row(whole, self._checkpoint))
        except RowTooLong:
            return b""

    def _exhibits(self, indexes: Sequence[int], reader: LogReader) -> list[Exhibit]:
        tree = TiledTree(self._frontier, reader.tile)
        return [
            Exhibit(index, reader.leaves(index, 1)[0], tuple(tree.inclusion_proof(index, tree.size)))
            for index in indexes
        ]


def _labels(reader: LogReader) -> list[Label]:
    found = reader.find(Query(kind="label_given", limit=MAX_LABELS))
    return [Label.of(entry.index, record_of(entry)) for entry in found]


def _found(labels: Sequence[Label], reader: LogReader) -> _Found | None:
    """None when the verdict cannot be a row."""
    entry = reader.get(labels[0].verdict_index)
    if entry is None or entry.kind != "verdict_reached" or "program" not in reader.kept(entry.index):
        return None
    record = record_of(entry)
    by_guard = path_of(record.actor) == GUARD
    if not by_guard or any(label.verdict_hash != entry.leaf_hash for label in labels):
        return None
    task = task_of(reader, entry, record.body.get("task_sha256"))
    return _Found(entry, task, tuple(label.index for label in labels))


def task_of(reader: LogReader, verdict: Entry, digest: object) -> Entry | None:
    """The record that still has the words of the verdict's task."""
    query = Query(request_id=verdict.request_id, kind="task_received", limit=10)
    received = reader.find(query) if verdict.request_id else iter(())
    for entry in (verdict, *received):
        if record_of(entry).body.get("task_sha256") == digest and "task" in reader.kept(entry.index):
            return entry
    return None

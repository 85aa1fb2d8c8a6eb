"""Collects labelled verdicts from a running log, as rows that prove themselves (docs/labels-format.md §4).

Knows AuditService's reading methods. What it is given is not trusted: each row proves itself or does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from placet.audit.actors import path_of
from placet.audit.bundle import Exhibit
from placet.audit.dataset import Labelled, RowRefused, RowTooLong, row, to_line
from placet.audit.labels import Label, exportable
from placet.audit.record import Record, RecordInvalid
from placet.rpc.errors import ServiceError

READ_TIMEOUT_S: Final = 30.0
FORMAT: Final = "labels"
_GUARD: Final = "svc/guard"
_RECEIVED: Final = "task_received"


@dataclass
class _Found:
    """A verdict to export; `task` is empty when it is not kept."""

    index: int
    leaf: bytes
    labels: Sequence[Label]
    code: str
    task: str


@dataclass
class LabelledVerdicts:
    """One export. The log puts it, and the reading of each body, on record first."""

    log: audit_pb2_grpc.AuditServiceStub
    _leaves: dict[int, bytes] = field(default_factory=dict)
    """Of the labels, by index."""
    left_out: int = 0
    """Settled verdicts without a program that is kept as text, too long for a line, or not of the guard."""

    async def lines(self) -> AsyncIterator[bytes]:
        """Each row as a line, in log order.

        Raises ServiceError DATA_LOSS/RECORD_INVALID, and grpc.aio.AioRpcError.
        """
        try:
            async for line in self._lines():
                yield line
        except (RowRefused, RecordInvalid) as error:
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "RECORD_INVALID",
                f"what the log holds on a label does not fit together: {error}; run `placet audit verify`",
            ) from error

    async def _lines(self) -> AsyncIterator[bytes]:
        labels = await self._labels()
        found = [await self._verdict(each) for each in exportable(labels).values()]
        self.left_out = sum(each is None for each in found)
        signed = await self.log.GetCheckpoint(audit_pb2.GetCheckpointRequest(), timeout=READ_TIMEOUT_S)
        size = int(signed.checkpoint.split("\n")[1])
        for each in filter(None, found):
            verdict = await self._exhibit(each.index, each.leaf, size)
            on_it = [await self._exhibit(i.index, self._leaves[i.index], size) for i in each.labels]
            whole = Labelled(verdict, tuple(on_it), each.code, each.task)
            try:
                yield to_line(row(whole, signed.checkpoint))
            except RowTooLong:
                self.left_out += 1

    async def _labels(self) -> list[Label]:
        """All labels, out of a stream that the log records as an export; it begins with the first label."""
        query = audit_pb2.ListRecordsRequest(kind="label_given", page_size=1)
        first = await self.log.ListRecords(query, timeout=READ_TIMEOUT_S)
        if not first.records:
            return []
        wanted = audit_pb2.TailRecordsRequest(from_index=first.records[0].index, format=FORMAT)
        labels = []
        async for message in self.log.TailRecords(wanted):
            record = Record.decode(message.record.leaf)
            if record.kind == "label_given":
                self._leaves[message.record.index] = message.record.leaf
                labels.append(Label.of(message.record.index, record))
        return labels

    async def _verdict(self, labels: Sequence[Label]) -> _Found | None:
        """None when it cannot be a row."""
        reply = await self._get(labels[0].verdict_index)
        record = Record.decode(reply.record.leaf)
        if record.kind != "verdict_reached" or path_of(record.actor) != _GUARD:
            return None
        if any(label.verdict_hash != reply.record.leaf_hash for label in labels):
            return None
        bodies = _contents(reply)
        code = _text(bodies.get("program", b""))
        task = bodies.get("task") or await self._task(record)
        return _Found(reply.record.index, reply.record.leaf, labels, code, _text(task)) if code else None

    async def _task(self, verdict: Record) -> bytes:
        """The words of the verdict's task, from the record in which it was received."""
        if not verdict.request_id:
            return b""
        query = audit_pb2.ListRecordsRequest(kind=_RECEIVED, request_id=verdict.request_id, page_size=10)
        for found in (await self.log.ListRecords(query, timeout=READ_TIMEOUT_S)).records:
            if Record.decode(found.leaf).body.get("task_sha256") == verdict.body.get("task_sha256"):
                return _contents(await self._get(found.index)).get("task", b"")
        return b""

    async def _get(self, index: int) -> audit_pb2.GetRecordResponse:
        request = audit_pb2.GetRecordRequest(index=index, with_bodies=True)
        reply: audit_pb2.GetRecordResponse = await self.log.GetRecord(request, timeout=READ_TIMEOUT_S)
        return reply

    async def _exhibit(self, index: int, leaf: bytes, size: int) -> Exhibit:
        request = audit_pb2.GetInclusionProofRequest(index=index, tree_size=size)
        reply = await self.log.GetInclusionProof(request, timeout=READ_TIMEOUT_S)
        return Exhibit(index, leaf, tuple(reply.hashes))


def _contents(reply: audit_pb2.GetRecordResponse) -> dict[str, bytes]:
    return {body.role: body.content for body in reply.bodies}


def _text(content: bytes) -> str:
    """Empty when it is no text; the guard refuses such programs."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""

"""AuditService: translate between messages and the log; decide nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.batch import Draft
from audit_svc.policy import check_may_append
from audit_svc.sequencer import Sequencer
from placet.audit.reader import Entry, LogReader, LogUnreadable, Query, StoredBody
from placet.audit.record import (
    MAX_BODIES,
    MAX_BODY_CONTENT_BYTES,
    MAX_BODY_JSON_BYTES,
    RecordInvalid,
    check_body,
    parse_object,
)
from placet.audit.tiles import TiledTree
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_of, service_uri

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100
MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
MAX_SKIPPED_SIZE: Final = 2**62

Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Appends go to the sequencer; reads to a connection of their own, one at a time in a thread."""

    def __init__(self, sequencer: Sequencer, reader: LogReader) -> None:
        self._sequencer, self._reader = sequencer, reader
        self._reading = asyncio.Lock()

    async def Append(self, request: pb.AppendRequest, context: Context) -> pb.AppendResponse:
        """See audit.proto."""
        actor = caller_of(context).uri
        draft = _draft(request, actor)
        check_may_append(actor, draft.kind, draft.body)
        done = await self._sequencer.append(draft)
        return pb.AppendResponse(index=done.index, leaf_hash=done.leaf_hash, checkpoint=done.checkpoint)

    async def GetRecord(self, request: pb.GetRecordRequest, context: Context) -> pb.GetRecordResponse:
        """See audit.proto. Handing out bodies is itself recorded, before they leave."""
        index = request.index
        entry = await self._read(
            lambda: self._reader.get(index) if index < self._sequencer.head.size else None
        )
        if entry is None:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND, "RECORD_UNKNOWN", f"The log has no record {index} (yet)."
            )
        bodies: Sequence[StoredBody] = ()
        if request.with_bodies:
            await self._record_read(caller_of(context).uri, entry)
            bodies = await self._read(lambda: self._reader.bodies(index))
        return pb.GetRecordResponse(
            record=_record(entry), bodies=[pb.Body(role=b.role, content=b.content) for b in bodies]
        )

    async def ListRecords(self, request: pb.ListRecordsRequest, context: Context) -> pb.ListRecordsResponse:
        """See audit.proto. Descending, `from_index` is one past the newest record wanted."""
        size = request.page_size or DEFAULT_PAGE
        if size > MAX_PAGE:
            raise _invalid(f"page_size is 1..{MAX_PAGE}")
        query = Query(
            request_id=request.request_id,
            kind=request.kind,
            from_index=_signed(request.from_index),
            limit=size + 1,
            descending=request.descending,
        )
        found, more = await self._read(lambda: self._page(query, size))
        next_index = 0
        if more:
            next_index = found[-1].index + (0 if request.descending else 1)
        return pb.ListRecordsResponse(
            records=[_record(entry) for entry in found], next_index=next_index, more=more
        )

    async def GetCheckpoint(
        self, request: pb.GetCheckpointRequest, context: Context
    ) -> pb.GetCheckpointResponse:
        """See audit.proto."""
        return pb.GetCheckpointResponse(checkpoint=self._sequencer.head.checkpoint, vkey=self._sequencer.vkey)

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        """See audit.proto."""
        tree = self._tree()
        size = request.tree_size or tree.size
        try:
            hashes = await self._read(lambda: tree.inclusion_proof(request.index, size))
        except IndexError:
            raise _invalid(f"no leaf {request.index} in a tree of {size} of this log") from None
        return pb.GetInclusionProofResponse(hashes=hashes, tree_size=size)

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        """See audit.proto."""
        tree = self._tree()
        try:
            hashes = await self._read(lambda: tree.consistency_proof(request.old_size, request.new_size))
        except IndexError:
            raise _invalid("sizes must satisfy old_size ≤ new_size ≤ size of the log") from None
        return pb.GetConsistencyProofResponse(hashes=hashes)

    async def TailRecords(
        self, request: pb.TailRecordsRequest, context: Context
    ) -> AsyncIterator[pb.TailRecordsResponse]:
        """See audit.proto."""
        index = _signed(request.from_index)
        while True:
            query = Query(from_index=index, limit=DEFAULT_PAGE)
            found, more = await self._read(partial(self._page, query, DEFAULT_PAGE))
            for entry in found:
                yield pb.TailRecordsResponse(record=_record(entry))
                index = entry.index + 1
            if found or more:
                continue
            if not request.follow:
                return
            await self._sequencer.wait_for_growth(index)

    def _tree(self) -> TiledTree:
        """Of the published checkpoint: proofs stay below what the writer is adding meanwhile."""
        return TiledTree(self._sequencer.head.frontier, self._reader.tile)

    def _page(self, query: Query, limit: int) -> tuple[list[Entry], bool]:
        """At most `limit` records and MAX_PAGE_BYTES of them, and whether there are more."""
        found: list[Entry] = []
        total = 0
        for entry in self._reader.find(query):
            total += len(entry.leaf)
            if len(found) == limit or (found and total > MAX_PAGE_BYTES):
                return found, True
            found.append(entry)
        return found, False

    async def _read(self, read: Callable[[], T]) -> T:
        async with self._reading:
            try:
                return await asyncio.to_thread(read)
            except LogUnreadable as error:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "AUDIT_UNAVAILABLE",
                    "The log's database cannot be read; look at the audit service's own log.",
                ) from error

    async def _record_read(self, reader: str, entry: Entry) -> None:
        body = {"reader": reader, "indexes": [entry.index]}
        await self._sequencer.append(Draft("records_read", entry.request_id, service_uri("audit"), body))


def _draft(request: pb.AppendRequest, actor: str) -> Draft:
    """Untrusted message to draft, bounded before it is read. Raises INVALID_ARGUMENT/RECORD_INVALID."""
    if len(request.body_json) > MAX_BODY_JSON_BYTES:
        raise _invalid(f"body_json is more than {MAX_BODY_JSON_BYTES} bytes: move text to bodies")
    bodies = {body.role: body.content for body in request.bodies}
    if len(bodies) != len(request.bodies) or len(bodies) > MAX_BODIES:
        raise _invalid(f"at most {MAX_BODIES} bodies, no two with the same role")
    if any(len(content) > MAX_BODY_CONTENT_BYTES for content in bodies.values()):
        raise _invalid(f"a body has more than {MAX_BODY_CONTENT_BYTES} bytes")
    try:
        body = parse_object(request.body_json)
        check_body(request.kind, body)
    except RecordInvalid as error:
        raise _invalid(str(error)) from error
    return Draft(request.kind, request.request_id, actor, body, bodies, request.idempotency_key)


def _record(entry: Entry) -> pb.Record:
    return pb.Record(index=entry.index, leaf=entry.leaf, leaf_hash=entry.leaf_hash)


def _signed(value: int) -> int:
    """SQLite's integers are signed; nothing lies beyond that anyway."""
    return min(value, MAX_SKIPPED_SIZE)


def _invalid(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "RECORD_INVALID", message)

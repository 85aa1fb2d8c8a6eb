"""AuditService: translate between messages and the log; decide nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Final

import grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc
from placetpb.common.v1 import common_pb2

from audit_svc.access import Access, Role
from audit_svc.answers import Answers
from audit_svc.awaiting import Awaited
from audit_svc.batch import Draft
from audit_svc.erasure import Erasures, Order
from audit_svc.ledger import Asked
from audit_svc.policy import check_may_append
from audit_svc.reads import Reads
from audit_svc.sequencer import Sequencer
from audit_svc.usage import NEEDS, REFUSED, Used
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
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
from placet.rpc.identity import Caller, caller_of

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100
MAX_FILTER: Final = 300
_FILTERS: Final = ("request_id", "kind", "caller", "scope", "verdict", "rule", "since", "until", "text")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_USE = re.compile(r"[a-z0-9]{1,32}")
SHA256_BYTES: Final = 32
MAX_SKIPPED_SIZE: Final = 2**62

Context = grpc.aio.ServicerContext[Any, Any]


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Appends go to the sequencer, reads to `Reads`."""

    def __init__(self, sequencer: Sequencer, reader: LogReader, access: Access) -> None:
        self._sequencer, self._reader, self._access = sequencer, reader, access
        self._reads = Reads(sequencer, reader, access)
        self._erasures = Erasures(sequencer.append, reader, self._reads.ask, access)
        self._awaited = Awaited(sequencer, reader, self._reads.ask)

    async def Append(self, request: pb.AppendRequest, context: Context) -> pb.AppendResponse:
        """See audit.proto."""
        return await self._append(request, caller_of(context).uri)

    async def AppendStream(
        self, request_iterator: AsyncIterator[pb.AppendStreamRequest], context: Context
    ) -> None:
        """See audit.proto. Whatever ends the stream, what was begun is answered first."""
        answers = Answers(self._append, caller_of(context).uri, context)
        try:
            async for request in request_iterator:
                await answers.begin(request)
        finally:
            await answers.all()

    async def _append(self, request: pb.AppendRequest, actor: str) -> pb.AppendResponse:
        draft = _draft(request, actor)
        check_may_append(actor, draft.kind, draft.body)
        done = await self._sequencer.append(draft)
        return pb.AppendResponse(index=done.index, leaf_hash=done.leaf_hash, checkpoint=done.checkpoint)

    async def GetRecord(self, request: pb.GetRecordRequest, context: Context) -> pb.GetRecordResponse:
        """See audit.proto. Handing out bodies is itself recorded, before they leave."""
        caller = caller_of(context)
        found = await self._reads.record(caller, request.index, with_bodies=request.with_bodies)
        return pb.GetRecordResponse(
            record=_record(found.entry),
            bodies=[pb.Body(role=body.role, content=body.content, salt=body.salt) for body in found.bodies],
            kept=found.kept,
        )

    async def ListRecords(self, request: pb.ListRecordsRequest, context: Context) -> pb.ListRecordsResponse:
        """See audit.proto."""
        found, more = await self._reads.page(caller_of(context), _query(request))
        next_index = found[-1].index + (0 if request.descending else 1) if more else 0
        return pb.ListRecordsResponse(
            records=[_record(entry) for entry in found], next_index=next_index, more=more
        )

    async def TailRecords(
        self, request: pb.TailRecordsRequest, context: Context
    ) -> AsyncIterator[pb.TailRecordsResponse]:
        """See audit.proto."""
        use = request.format
        if use and not _USE.fullmatch(use):
            raise _unfit_query("format is at most 32 lower-case letters and digits")
        first = _signed(request.from_index)
        entries = self._reads.stream(caller_of(context), first, follow=request.follow, use=use)
        async with aclosing(entries):
            async for entry in entries:
                yield pb.TailRecordsResponse(record=_record(entry))

    async def AwaitReview(self, request: pb.AwaitReviewRequest, context: Context) -> pb.AwaitReviewResponse:
        """See audit.proto. Handing out an approval is itself recorded, before it leaves."""
        request_id, program_sha256 = request.request_id, request.program_sha256.hex()
        if not request_id or len(request_id) > MAX_FILTER or len(request.program_sha256) != SHA256_BYTES:
            raise _unfit_query(
                "a review is named by its request's id and the 32 bytes of its program's digest"
            )
        decided, approval = await self._awaited.decision(caller_of(context), request_id, program_sha256)
        return pb.AwaitReviewResponse(
            verdict=common_pb2.VERDICT_ALLOWED if approval else common_pb2.VERDICT_DENIED,
            approval=approval,
            decided_by=decided.decided_by,
            reason=decided.reason,
            index=decided.index,
        )

    async def CheckQuota(self, request: pb.CheckQuotaRequest, context: Context) -> pb.CheckQuotaResponse:
        """See audit.proto."""
        if request.kind not in ("", *(NEEDS.keys() - REFUSED)) or len(request.caller) > MAX_FILTER:
            raise _unfit_query("kind is empty or one that the guard records, and caller an identity")
        await self._sequencer.check_quota(Asked(request.caller, request.kind, request.request_id))
        return pb.CheckQuotaResponse()

    async def GetUsage(self, request: pb.GetUsageRequest, context: Context) -> pb.GetUsageResponse:
        """See audit.proto."""
        used = await self._sequencer.usage(self._whose_usage(caller_of(context), request.caller))
        return pb.GetUsageResponse(callers=[_usage(path, limits) for path, limits in used.items()])

    def _whose_usage(self, asker: Caller, wanted: str) -> str:
        """A caller, or empty for all; whoever has no role asks about itself."""
        if not wanted and self._access.role_of(asker) is None:
            return asker.path
        if wanted != asker.path:
            self._access.require(asker, Role.VIEWER)
        return wanted

    async def WatchSize(
        self, request: pb.WatchSizeRequest, context: Context
    ) -> AsyncIterator[pb.WatchSizeResponse]:
        """See audit.proto."""
        async with aclosing(self._sequencer.growth()) as growth:
            async for size in growth:
                yield pb.WatchSizeResponse(size=size)

    async def EraseBodies(self, request: pb.EraseBodiesRequest, context: Context) -> pb.EraseBodiesResponse:
        """See audit.proto."""
        order = Order(request.request_id, request.reason, frozenset(request.classes))
        keys, done = await self._erasures.of_request(caller_of(context), order)
        return pb.EraseBodiesResponse(
            erased=[pb.ErasedBody(index=key.index, role=key.role) for key in keys],
            recorded=[each.index for each in done],
        )

    async def GetCheckpoint(
        self, request: pb.GetCheckpointRequest, context: Context
    ) -> pb.GetCheckpointResponse:
        """See audit.proto."""
        log = self._sequencer
        return pb.GetCheckpointResponse(
            checkpoint=log.head.checkpoint, vkey=log.vkey, witnessed=log.witnessed
        )

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        """See audit.proto."""
        tree = self._tree()
        size = request.tree_size or tree.size
        try:
            hashes = await self._reads.ask(lambda: tree.inclusion_proof(request.index, size))
        except IndexError:
            raise _invalid(f"no leaf {request.index} in a tree of {size} of this log") from None
        return pb.GetInclusionProofResponse(hashes=hashes, tree_size=size)

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        """See audit.proto."""
        tree = self._tree()
        try:
            hashes = await self._reads.ask(lambda: tree.consistency_proof(request.old_size, request.new_size))
        except IndexError:
            raise _invalid("sizes must satisfy old_size ≤ new_size ≤ size of the log") from None
        return pb.GetConsistencyProofResponse(hashes=hashes)

    def _tree(self) -> TiledTree:
        """Of the published checkpoint: proofs stay below what the writer is adding meanwhile."""
        return TiledTree(self._sequencer.head.frontier, self._reader.tile)


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


def _query(request: pb.ListRecordsRequest) -> Query:
    """Untrusted filters, bounded. Raises INVALID_ARGUMENT/QUERY_INVALID."""
    size = request.page_size or DEFAULT_PAGE
    if size > MAX_PAGE:
        raise _unfit_query(f"page_size is 1..{MAX_PAGE}")
    filters = {name: getattr(request, name) for name in _FILTERS}
    for name, value in filters.items():
        if len(value) > MAX_FILTER:
            raise _unfit_query(f"{name} has more than {MAX_FILTER} characters")
        if name in ("since", "until") and value and not _TIME.fullmatch(value):
            raise _unfit_query(f"{name} is not RFC 3339 in UTC with microseconds and Z")
    first = _signed(request.from_index)
    return Query(**filters, from_index=first, limit=size, descending=request.descending)


def _usage(path: str, limits: Sequence[Used]) -> pb.CallerUsage:
    return pb.CallerUsage(
        caller=path,
        limits=[pb.LimitUsage(limit=each.limit, at_most=each.at_most, used=each.used) for each in limits],
    )


def _record(entry: Entry) -> pb.Record:
    return pb.Record(index=entry.index, leaf=entry.leaf, leaf_hash=entry.leaf_hash)


def _signed(value: int) -> int:
    """SQLite's integers are signed; nothing lies beyond that anyway."""
    return min(value, MAX_SKIPPED_SIZE)


def _invalid(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "RECORD_INVALID", message)


def _unfit_query(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "QUERY_INVALID", message)

"""A request's proof bundle out of the console's own connection to the log.

Knows which questions placet/evidence.py asks of a log, and answers them from the database. What leaves is on
record as a reading and as an export first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.console.dossier import record_reading
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.tree import LogTree
from audit_svc.draft import Draft
from placet.audit.bundle import Bundle
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.tiles import TiledTree
from placet.evidence import MAX_RECORDS, Evidence
from placet.rpc.identity import service_uri


async def export(log: Log, tree: LogTree, request_id: str, person: Person) -> bytes:
    """The zip file.

    Raises ServiceError: NOT_FOUND/REQUEST_UNKNOWN, OUT_OF_RANGE/REQUEST_TOO_LARGE, AUDIT_UNAVAILABLE.
    """
    asked = cast(audit_pb2_grpc.AuditServiceStub, _Questions(log, tree))
    bundle = await Evidence(asked).bundle(request_id)
    await _record(log, bundle, person)
    return bundle.to_zip()


async def _record(log: Log, bundle: Bundle, person: Person) -> None:
    bodies: Mapping[int, list[str]] = {
        exhibit.index: [body.role for body in exhibit.bodies] for exhibit in bundle.exhibits if exhibit.bodies
    }
    if bodies:
        await record_reading(log, bundle.request_id, person, bodies)
    body = {
        "reader": person.uri,
        "from_index": bundle.exhibits[0].index,
        "to_index": bundle.exhibits[-1].index + 1,
        "format": "bundle",
    }
    await log.append(Draft("records_exported", bundle.request_id, service_uri("console"), body))


@dataclass(frozen=True)
class _Questions:
    """The methods of AuditService that a bundle needs."""

    log: Log
    tree: LogTree

    async def ListRecords(self, request: pb.ListRecordsRequest, **_: object) -> pb.ListRecordsResponse:  # noqa: N802 - gRPC's
        query = Query(
            request_id=request.request_id, kind=request.kind, text=request.text, limit=MAX_RECORDS + 1
        )
        found = await self.log.ask(lambda reader: list(reader.find(query)))
        return pb.ListRecordsResponse(records=map(_record_of, found))

    async def GetRecord(self, request: pb.GetRecordRequest, **_: object) -> pb.GetRecordResponse:  # noqa: N802 - gRPC's
        return await self.log.ask(partial(_get, request.index, request.with_bodies))

    async def GetCheckpoint(self, *_: object, **__: object) -> pb.GetCheckpointResponse:  # noqa: N802 - gRPC's
        head = await self.tree.newest()
        return pb.GetCheckpointResponse(checkpoint=head.checkpoint, vkey=await self.tree.vkey())

    async def GetInclusionProof(  # noqa: N802 - gRPC's
        self, request: pb.GetInclusionProofRequest, **_: object
    ) -> pb.GetInclusionProofResponse:
        head = await self.tree.newest()
        size = request.tree_size
        hashes = await self.log.ask(
            lambda reader: TiledTree(head.frontier, reader.tile).inclusion_proof(request.index, size)
        )
        return pb.GetInclusionProofResponse(hashes=hashes, tree_size=size)


def _record_of(entry: Entry) -> pb.Record:
    return pb.Record(index=entry.index, leaf=entry.leaf, leaf_hash=entry.leaf_hash)


def _get(index: int, with_bodies: bool, reader: LogReader) -> pb.GetRecordResponse:
    entry = reader.get(index)
    bodies = reader.bodies(index) if with_bodies else []
    return pb.GetRecordResponse(
        record=_record_of(entry) if entry else None,
        bodies=[pb.Body(role=body.role, salt=body.salt, content=body.content) for body in bodies],
    )

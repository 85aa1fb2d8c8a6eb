"""Collects from a running log all that proves one request (docs/audit-format.md §15.1).

Knows AuditService's reading methods. What it is given is not trusted: the bundle proves itself or does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from placet.audit.bundle import Bundle, Exhibit
from placet.audit.reader import StoredBody
from placet.audit.record import Record
from placet.human_approval import Vote
from placet.rpc.errors import ServiceError

MAX_RECORDS: Final = 10_000
READ_TIMEOUT_S: Final = 30.0
_RESTS_ON: Final = ("verdict_index", "reviewed_index", "issued_index", "started_index")


class Evidence:
    """The records of one request, and those they rest on."""

    def __init__(self, log: audit_pb2_grpc.AuditServiceStub) -> None:
        self._log = log
        self._leaves: dict[int, bytes] = {}
        self._followed: set[str] = set()

    async def bundle(self, request_id: str) -> Bundle:
        """The bundle of a request; the reading is recorded by the log.

        Raises ServiceError REQUEST_UNKNOWN or REQUEST_TOO_LARGE, and grpc.aio.AioRpcError.
        """
        await self._find(audit_pb2.ListRecordsRequest(request_id=request_id))
        if not self._leaves:
            raise _refused(
                grpc.StatusCode.NOT_FOUND, "REQUEST_UNKNOWN", f"no record of request {request_id!r}"
            )
        while missing := self._approvals() - self._followed:
            for approval_id in missing:
                self._followed.add(approval_id)
                await self._find(audit_pb2.ListRecordsRequest(text=approval_id))
        await self._find_votes_and_revocations()
        for index in sorted(self._rests_on() - self._leaves.keys()):
            await self._get(index)
        return await self._with_proofs(request_id)

    async def votes_on(self, program_sha256: str) -> list[Vote]:
        """The votes of people on a program, in log order, with their decisions; the reading is recorded.

        Raises grpc.aio.AioRpcError.
        """
        await self._find(audit_pb2.ListRecordsRequest(kind="review_given", text=program_sha256))
        found = {index: Record.decode(self._leaves[index]) for index in sorted(self._leaves)}
        return [
            Vote(record, await self._decision(index))
            for index, record in found.items()
            if record.body.get("program_sha256") == program_sha256
        ]

    async def _decision(self, index: int) -> bytes:
        kept = (body.content for body in await self._bodies(index) if body.role == "decision")
        return next(kept, b"")

    def _records(self) -> Iterator[Record]:
        return map(Record.decode, self._leaves.values())

    def _approvals(self) -> set[str]:
        """Ids of the approvals that the records so far name."""
        return {
            str(record.body["approval_id"]) for record in self._records() if record.body.get("approval_id")
        }

    async def _find_votes_and_revocations(self) -> None:
        issued = [record.body for record in self._records() if record.kind == "approval_issued"]
        people = {str(body["program_sha256"]) for body in issued if str(body["decided_by"])[:6] == "human:"}
        for program in people:
            await self._find(audit_pb2.ListRecordsRequest(kind="review_given", text=program))
        if issued:
            revoked = Evidence(self._log)
            await revoked._find(audit_pb2.ListRecordsRequest(kind="key_revoked"))
            keys = {body["key_id"] for body in issued}
            self._leaves |= {
                index: leaf
                for index, leaf in revoked._leaves.items()
                if Record.decode(leaf).body["key_id"] in keys
            }

    def _rests_on(self) -> set[int]:
        found = (record.body.get(name) for record in self._records() for name in _RESTS_ON)
        return {index for index in found if isinstance(index, int)}

    async def _find(self, query: audit_pb2.ListRecordsRequest) -> None:
        more = True
        while more:
            page = await self._log.ListRecords(query, timeout=READ_TIMEOUT_S)
            self._leaves |= {record.index: record.leaf for record in page.records}
            query.from_index, more = page.next_index, page.more and bool(page.records)
            if len(self._leaves) > MAX_RECORDS:
                what = f"more than {MAX_RECORDS} records belong to it; export the log instead"
                raise _refused(grpc.StatusCode.OUT_OF_RANGE, "REQUEST_TOO_LARGE", what)

    async def _get(self, index: int) -> None:
        reply = await self._log.GetRecord(audit_pb2.GetRecordRequest(index=index), timeout=READ_TIMEOUT_S)
        self._leaves[index] = reply.record.leaf

    async def _with_proofs(self, request_id: str) -> Bundle:
        """Bodies first: handing them out adds records, and the checkpoint is to cover all that is known."""
        bodies = {index: await self._bodies(index) for index in sorted(self._leaves)}
        signed = await self._log.GetCheckpoint(audit_pb2.GetCheckpointRequest(), timeout=READ_TIMEOUT_S)
        size = int(signed.checkpoint.split("\n")[1])
        exhibits = [
            Exhibit(index, self._leaves[index], await self._proof(index, size), found)
            for index, found in bodies.items()
        ]
        return Bundle(request_id, signed.vkey, signed.checkpoint, tuple(exhibits))

    async def _bodies(self, index: int) -> tuple[StoredBody, ...]:
        if not Record.decode(self._leaves[index]).bodies:
            return ()
        request = audit_pb2.GetRecordRequest(index=index, with_bodies=True)
        reply = await self._log.GetRecord(request, timeout=READ_TIMEOUT_S)
        return tuple(StoredBody(body.role, body.salt, body.content) for body in reply.bodies)

    async def _proof(self, index: int, size: int) -> tuple[bytes, ...]:
        request = audit_pb2.GetInclusionProofRequest(index=index, tree_size=size)
        reply = await self._log.GetInclusionProof(request, timeout=READ_TIMEOUT_S)
        return tuple(reply.hashes)


def _refused(code: grpc.StatusCode, reason: str, message: str) -> ServiceError:
    return ServiceError(code, reason, message)

"""A verdict that asked for people, and what an approval of it is to say (docs/audit-format.md §16).

Knows such a verdict's record and its body `proposal`, and how to ask the log for them. The guard wrote both,
and the executor checks what comes of them; here they are read strictly, and nothing is guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from placet.approval import ApprovalRefused, InputDigest, LogRef
from placet.approval.reading import Members
from placet.approval.statement import MAX_INPUTS, read_inputs
from placet.approval.strict_json import read_object
from placet.audit.actors import path_of
from placet.audit.record import Record
from placet.rpc.errors import ServiceError
from placet.scope import Scope, ScopeInvalid, load_scope

READ_TIMEOUT_S: Final = 30.0
_MAX_GRANTS: Final = 1000
_MAX_POOLS: Final = 64


@dataclass(frozen=True)
class Item:
    """What people are asked to decide. An approval takes limits and tier from `scope`."""

    verdict: LogRef
    caller: str
    """The URI of who asked."""
    task_sha256: str
    quorum: int
    scope: Scope
    """As the program was judged by it; the loaded one of that name may be another by now."""
    inputs: tuple[InputDigest, ...]
    grants: tuple[str, ...]
    audience: tuple[str, ...]

    def is_asked_by(self, name: str) -> bool:
        """Whether a person asked for this themselves, and so may not decide about it."""
        return path_of(self.caller) in (f"caller/{name}", f"reviewer/{name}")


async def item_of(log: audit_pb2_grpc.AuditServiceStub, request_id: str, program: bytes) -> Item:
    """The newest item of a request on a program. The reading is recorded.

    Raises ServiceError: NOT_FOUND/REVIEW_UNKNOWN, FAILED_PRECONDITION/REVIEW_AMBIGUOUS when more than one
    caller uses that request id, DATA_LOSS/REVIEW_UNREADABLE; and grpc.aio.AioRpcError.
    """
    query = audit_pb2.ListRecordsRequest(
        request_id=request_id, kind="verdict_reached", verdict="NEEDS_REVIEW", descending=True
    )
    page = await log.ListRecords(query, timeout=READ_TIMEOUT_S)
    found, record = _asking(page, request_id, hashlib.sha256(program).hexdigest())
    request = audit_pb2.GetRecordRequest(index=found.index, with_bodies=True)
    reply = await log.GetRecord(request, timeout=READ_TIMEOUT_S)
    bodies = {body.role: body.content for body in reply.bodies}
    return _read(LogRef(record.log, found.index, found.leaf_hash), record.body, bodies)


def _asking(
    page: audit_pb2.ListRecordsResponse, request_id: str, program_sha256: str
) -> tuple[audit_pb2.Record, Record]:
    """The newest of the verdicts that ask people about the program."""
    verdicts = [(found, Record.decode(found.leaf)) for found in page.records]
    asking = [each for each in verdicts if each[1].body["program_sha256"] == program_sha256]
    if not asking:
        raise ServiceError(
            grpc.StatusCode.NOT_FOUND,
            "REVIEW_UNKNOWN",
            f"no verdict of request {request_id!r} asks people about this program; see `placet audit list "
            f"--request {request_id}`",
        )
    if page.more or len({record.body.get("caller") for _, record in asking}) > 1:
        raise ServiceError(
            grpc.StatusCode.FAILED_PRECONDITION,
            "REVIEW_AMBIGUOUS",
            f"several callers use the request id {request_id!r} for this program; decide in the console",
        )
    return asking[0]


def _read(verdict: LogRef, body: Mapping[str, object], bodies: Mapping[str, bytes]) -> Item:
    try:
        scope = load_scope(bodies["scope"])
        found = Members(read_object(bodies["proposal"]), "proposal")
        item = Item(
            verdict=verdict,
            caller=str(body.get("caller", "")),
            task_sha256=str(body["task_sha256"]),
            quorum=int(str(body.get("quorum", 1))),
            scope=scope,
            inputs=read_inputs(found.members("inputs", MAX_INPUTS)),
            grants=found.texts("grants", _MAX_GRANTS),
            audience=found.texts("audience", _MAX_POOLS),
        )
    except (ApprovalRefused, ScopeInvalid, KeyError, ValueError) as error:
        raise _unreadable(verdict.index, error) from error
    judged = body.get("scope")
    if not item.audience:
        raise _unreadable(verdict.index, "its proposal names no pool")
    if not isinstance(judged, Mapping) or scope.sha256.hex() != judged.get("sha256"):
        raise _unreadable(verdict.index, "its scope is not the one that it names")
    return item


def _unreadable(index: int, why: object) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.DATA_LOSS,
        "REVIEW_UNREADABLE",
        f"record {index} does not hold what an approval needs ({why}); have the program reviewed again",
    )

"""How a service appends to the audit log: the protocol it depends on, and the client that speaks gRPC.

Knows AuditService.Append, how the log is asked again, and its failure reasons. Must not know who may append
what: the log decides that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

import grpc
from google.protobuf.message import Message
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from placet.audit.appending import AppendStream
from placet.audit.record import RecordInvalid, canonical, check_body
from placet.ids import fresh_id
from placet.rpc.errors import ServiceError

NO_BODIES: Final[Mapping[str, bytes]] = MappingProxyType({})
Answer = TypeVar("Answer")

APPEND_TIMEOUT_S: Final = 10.0
MAX_STREAMED_BYTES: Final = 1024 * 1024
"""A larger request gets a call of its own: in a stream, others would wait behind it."""
_ATTEMPTS: Final = 3
_PAUSE_S: Final = 0.1
_TRANSIENT = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        # The peer gave up or broke: whether the record is durable is then unknown.
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)


@dataclass(frozen=True)
class Appended:
    """Where a durable record stands."""

    index: int
    leaf_hash: bytes
    """RFC 6962 leaf hash, 32 bytes."""
    checkpoint: str
    """The signed note that covers it."""


class AuditLog(Protocol):
    """What a service needs of the log. When `append` returns, the record is durable."""

    async def append(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        bodies: Mapping[str, bytes] = NO_BODIES,
        idempotency_key: str = "",
    ) -> Appended:
        """Append one record of docs/audit-format.md §2; `bodies` maps roles to erasable content.

        Raises ServiceError: UNAVAILABLE/AUDIT_UNAVAILABLE when the record may not be durable (the
        caller must not go on); ALREADY_EXISTS/APPROVAL_SPENT or IDEMPOTENCY_CONFLICT; INVALID_ARGUMENT;
        PERMISSION_DENIED; RESOURCE_EXHAUSTED/QUOTA_EXCEEDED when the body's caller used up its quota, with
        the time to come back.
        """


class GrpcAuditLog:
    """AuditLog over a channel to AuditService.

    Every append carries an idempotency key, so that a retry after a lost answer finds the record that
    the first try made rather than making a second one.
    """

    def __init__(
        self, channel: grpc.aio.Channel, *, timeout_s: float = APPEND_TIMEOUT_S, streams: bool = False
    ) -> None:
        """`timeout_s` bounds one append with its retries. `streams` is for who appends all the time."""
        self._stub = audit_pb2_grpc.AuditServiceStub(channel)
        self._timeout_s = timeout_s
        self._stream = AppendStream(self._stub) if streams else None

    async def append(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        bodies: Mapping[str, bytes] = NO_BODIES,
        idempotency_key: str = "",
    ) -> Appended:
        """See AuditLog.append."""
        request = audit_pb2.AppendRequest(
            kind=kind,
            request_id=request_id,
            body_json=_body_json(kind, body),
            bodies=[audit_pb2.Body(role=role, content=content) for role, content in bodies.items()],
            idempotency_key=idempotency_key or fresh_id(),
        )
        reply = await self._append(request)
        return Appended(reply.index, reply.leaf_hash, reply.checkpoint)

    async def _append(self, request: audit_pb2.AppendRequest) -> audit_pb2.AppendResponse:
        if self._stream is not None and request.ByteSize() <= MAX_STREAMED_BYTES:
            try:
                return await answered(self._stream.append, request, timeout_s=self._timeout_s)
            except ServiceError as error:
                if error.code is not grpc.StatusCode.UNIMPLEMENTED:
                    raise
                self._stream = None  # the log is older than we, as in the middle of an upgrade
        return await answered(self._stub.Append, request, timeout_s=self._timeout_s)


async def answered(method: Callable[..., Awaitable[Answer]], request: Message, *, timeout_s: float) -> Answer:
    """What the log answers, asked up to three times, for a leader may end under a call and another one lead.

    `method` is one of a stub or takes what that takes. Only for what may be asked again. Raises ServiceError
    as `log_failure` gives it.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout_s
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await method(request, timeout=deadline - clock(), wait_for_ready=True)
        except (grpc.aio.AioRpcError, ServiceError) as error:
            failure, pause = log_failure(error), _PAUSE_S * attempt
            over = attempt == _ATTEMPTS or deadline - clock() <= pause
            if failure.reason != "AUDIT_UNAVAILABLE" or over:
                raise failure from error
            await asyncio.sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _body_json(kind: str, body: Mapping[str, object]) -> bytes:
    """Refused here rather than over the wire: an unfit record is a mistake in the caller's own code."""
    try:
        check_body(kind, body)
        return canonical(body)
    except RecordInvalid as error:
        raise ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "RECORD_INVALID", str(error)) from error


def log_failure(error: grpc.aio.AioRpcError | ServiceError) -> ServiceError:
    """The log's own reason, or AUDIT_UNAVAILABLE when it could not answer in time."""
    own = error if isinstance(error, ServiceError) else ServiceError.from_rpc(error)
    if own.reason != "QUOTA_EXCEEDED" and own.code in _TRANSIENT:
        return ServiceError(
            grpc.StatusCode.UNAVAILABLE,
            "AUDIT_UNAVAILABLE",
            "the audit log did not confirm the record, so nothing goes on; check the audit service",
        )
    return own

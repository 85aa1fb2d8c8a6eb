"""The one error that crosses a service boundary, and its way into and out of a gRPC status.

Knows gRPC status codes and `google.rpc.ErrorInfo`; knows no service and no RPC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "placet.dev"
MAX_MESSAGE_CHARS = 2000  # trailers travel in HTTP/2 headers, whose size peers bound (8 KiB by default)
MAX_METADATA_VALUE_CHARS = 500
_DETAILS_KEY = "grpc-status-details-bin"


class ServiceError(Exception):
    """We could not answer, and this is why. A denial is an answer and never a ServiceError.

    Attributes:
        code: the gRPC status code; a coarse class that tells a client what kind of failure it is.
        reason: UPPER_SNAKE_CASE, stable, what programs compare (`APPROVAL_SPENT`).
        message: a sentence for the person who reads it; it says what to do. It leaves the
            service, so it must not hold secrets.
        retry_after_s: when trying again makes sense, in seconds; None when it does not.
        metadata: details by name, sent along with the reason.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        retry_after_s: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s
        self.metadata: Mapping[str, str] = dict(metadata or {})

    @classmethod
    def from_rpc(cls, err: grpc.aio.AioRpcError) -> ServiceError:
        """The error that the peer raised; without an ErrorInfo of ours the reason is the code's name."""
        return _told(err.code(), err.details() or "", _status_of(err))

    @classmethod
    def from_bytes(cls, data: bytes) -> ServiceError:
        """The error that `to_bytes` gave; one of code UNKNOWN when the bytes are not that."""
        try:
            status = status_pb2.Status.FromString(data)
        except DecodeError:
            status = status_pb2.Status()
        return _told(_CODES.get(status.code, grpc.StatusCode.UNKNOWN), status.message, status)


_CODES: Final = {code.value[0]: code for code in grpc.StatusCode if code is not grpc.StatusCode.OK}


def to_status(error: ServiceError) -> grpc.Status:
    """The gRPC status that carries an error: code, message, ErrorInfo, and RetryInfo if it may be retried."""
    status: grpc.Status = rpc_status.to_status(_rich(error))
    return status


def to_bytes(error: ServiceError) -> bytes:
    """The same as one message, for an error that ends no call: google.rpc.Status."""
    data: bytes = _rich(error).SerializeToString()
    return data


def _rich(error: ServiceError) -> status_pb2.Status:
    info = error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=DOMAIN,
        metadata={key: value[:MAX_METADATA_VALUE_CHARS] for key, value in error.metadata.items()},
    )
    details: list[Message] = [info]
    if error.retry_after_s is not None:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(error.retry_after_s * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return status_pb2.Status(
        code=code_pb2.Code.Value(error.code.name),
        message=error.message[:MAX_MESSAGE_CHARS],
        details=[_packed(detail) for detail in details],
    )


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _told(code: grpc.StatusCode, message: str, status: status_pb2.Status) -> ServiceError:
    """With the ErrorInfo of our domain and the retry delay in seconds, as far as the status holds them."""
    info: error_details_pb2.ErrorInfo | None = None
    retry: float | None = None
    for detail in status.details:
        candidate, delay = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
        if detail.Unpack(candidate) and candidate.domain == DOMAIN:
            info = candidate
        elif detail.Unpack(delay):
            retry = delay.retry_delay.ToNanoseconds() / 1e9
    if info is None:
        return ServiceError(code, code.name, message or "The service gave no reason.", retry_after_s=retry)
    return ServiceError(code, info.reason, message, retry_after_s=retry, metadata=dict(info.metadata))


def _status_of(err: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The rich status in the trailers; an empty one when there is none or it cannot be read."""
    for key, value in err.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:  # a peer that is not ours; code and details still hold
                return status_pb2.Status()
    return status_pb2.Status()

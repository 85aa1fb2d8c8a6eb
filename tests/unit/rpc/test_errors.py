"""ServiceError and what of it fits into a trailer."""

from __future__ import annotations

import grpc
import pytest

from placet.rpc.errors import MAX_MESSAGE_CHARS, ServiceError, to_bytes, to_status


def received(error: ServiceError) -> ServiceError:
    """As a client would see it."""
    status = to_status(error)
    trailers = grpc.aio.Metadata(*status.trailing_metadata)
    return ServiceError.from_rpc(
        grpc.aio.AioRpcError(status.code, grpc.aio.Metadata(), trailers, status.details)
    )


def test_it_reads_as_reason_and_sentence() -> None:
    """In a log or a traceback."""
    error = ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "Start the log.")

    assert str(error) == "AUDIT_UNAVAILABLE: Start the log."


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_survives(code: grpc.StatusCode) -> None:
    """All of gRPC's codes map to google.rpc.Code by name."""
    again = received(ServiceError(code, "R", "m", metadata={"a": "b"}))

    assert (again.code, again.reason, again.message, again.metadata) == (code, "R", "m", {"a": "b"})
    assert again.retry_after_s is None


def test_a_huge_message_is_cut() -> None:
    """Peers bound the size of headers; a cut sentence is better than none."""
    again = received(ServiceError(grpc.StatusCode.INTERNAL, "R", "x" * 100_000))

    assert again.message == "x" * MAX_MESSAGE_CHARS


@pytest.mark.parametrize("details", [None, b"\xff\xff", b""])
def test_a_peer_that_is_not_ours_gives_its_code_as_reason(details: bytes | None) -> None:
    """No details, or details that cannot be read."""
    trailers = grpc.aio.Metadata(*([("grpc-status-details-bin", details)] if details is not None else []))
    error = ServiceError.from_rpc(
        grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), trailers, "refused")
    )

    assert (error.reason, error.message) == ("UNAVAILABLE", "refused")


def test_an_error_that_ends_no_call_is_the_same() -> None:
    error = ServiceError(grpc.StatusCode.NOT_FOUND, "R", "m", retry_after_s=1.5, metadata={"a": "b"})
    again = ServiceError.from_bytes(to_bytes(error))

    assert vars(again) == vars(received(error))
    assert (again.code, again.reason, again.message, again.retry_after_s) == (error.code, "R", "m", 1.5)


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"\x08\x63"])
def test_bytes_that_are_no_error_of_ours_are_one_of_unknown_code(data: bytes) -> None:
    """Nothing, what cannot be read, and a code that does not exist; never an answer."""
    assert ServiceError.from_bytes(data).code is grpc.StatusCode.UNKNOWN

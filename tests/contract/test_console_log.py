"""The console's log over gRPC: told of growth through interruptions, appending with what the draft says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar, cast

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc
from structlog.testing import capture_logs

from audit_svc.console import log as console_log
from audit_svc.console.log import GrpcLog
from audit_svc.draft import Draft
from placet.audit.reader import LogReader, LogUnreadable
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri
from tests.fakes.rpc import Authority, serving

T = TypeVar("T")
SERVICE = "placetpb.audit.v1.AuditService"
ALLOW = {f"/{SERVICE}/{method}": frozenset({"svc/console"}) for method in ("WatchSize", "Append")}


class Audit(audit_pb2_grpc.AuditServiceServicer):
    """Tells sizes from a list of streams; one that is empty fails at once."""

    def __init__(self, *streams: list[int]) -> None:
        self._streams = list(streams)
        self.appended: list[pb.AppendRequest] = []

    async def WatchSize(  # noqa: N802
        self, request: pb.WatchSizeRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.WatchSizeResponse]:
        for size in self._streams.pop(0):
            yield pb.WatchSizeResponse(size=size)
        if self._streams:
            raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "it restarts")
        await asyncio.Event().wait()

    async def Append(self, request: pb.AppendRequest, context: object) -> pb.AppendResponse:  # noqa: N802
        self.appended.append(request)
        return pb.AppendResponse(index=7, leaf_hash=b"\0" * 32, checkpoint="note")


async def with_log(tmp_path: Path, audit: Audit, use: Callable[[GrpcLog], AsyncIterator[T]]) -> list[T]:
    def register(server: grpc.aio.Server) -> list[str]:
        audit_pb2_grpc.add_AuditServiceServicer_to_server(audit, server)
        return [SERVICE]

    async with (
        serving(Authority.make(tmp_path), "audit", register=register, allow=ALLOW) as server,
        server.as_peer(service_uri("console")) as channel,
    ):
        return [found async for found in use(GrpcLog(cast("LogReader", object()), channel))]


async def test_growth_goes_on_after_the_log_was_away_and_says_once_that_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_log, "RETRY_S", 0.01)

    async def three(log: GrpcLog) -> AsyncIterator[int]:
        growth = log.growth()
        for _ in range(3):
            yield await asyncio.wait_for(anext(growth), 10)

    with capture_logs() as lines:
        assert await with_log(tmp_path, Audit([3, 4], [], [], [9]), three) == [3, 4, 9]
    assert [line["event"] for line in lines if line["event"] == "log_not_followed"] == ["log_not_followed"]


async def test_a_draft_arrives_whole(tmp_path: Path) -> None:
    audit = Audit()
    body: dict[str, object] = {"verdict_index": 5, "decided_by": "human:ana"}
    draft = Draft("review_released", "r1", "ignored", body, {"note": b"x"}, "key")

    async def one(log: GrpcLog) -> AsyncIterator[int]:
        yield (await log.append(draft)).index

    assert await with_log(tmp_path, audit, one) == [7]
    (sent,) = audit.appended
    assert (sent.kind, sent.request_id, sent.idempotency_key) == ("review_released", "r1", "key")
    assert sent.body_json == b'{"decided_by":"human:ana","verdict_index":5}'
    assert [(each.role, each.content) for each in sent.bodies] == [("note", b"x")]


async def test_a_database_that_cannot_be_read_is_no_mistake_of_the_page(tmp_path: Path) -> None:
    def broken(_: LogReader) -> int:
        raise LogUnreadable("the disk is gone")

    async def ask(log: GrpcLog) -> AsyncIterator[int]:
        yield await log.ask(broken)

    with pytest.raises(ServiceError) as caught:
        await with_log(tmp_path, Audit(), ask)
    assert caught.value.reason == "AUDIT_UNAVAILABLE"
    assert "disk" not in caught.value.message

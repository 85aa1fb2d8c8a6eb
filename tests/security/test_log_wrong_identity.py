"""Attack: an authenticated peer appends or reads what is not its own to append or read."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from placet.audit.client import Appended
from placet.audit.reader import LogReader
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.contract.test_audit import As, served
from tests.fakes.audit_world import World, approval, finished, started, verdict

REACHED = Appended(0, bytes(32), "")
BODIES = {
    "task_received": {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"},
    "verdict_reached": verdict(),
    "approval_issued": approval(REACHED),
    "run_started": started(),
    "run_finished": finished(REACHED),
    "heartbeat": {"size": 0},
    "records_read": {"reader": "nobody", "indexes": []},
}


@pytest.fixture
async def peer(tmp_path: Path):
    world = World(tmp_path)
    async with world.writing() as writer:
        with LogReader(world.database) as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as as_peer:
                yield as_peer
    assert world.verify().records == 0


async def refusal(peer: As, uri: str, kind: str, body: dict) -> ServiceError:
    request = pb.AppendRequest(kind=kind, request_id="r", body_json=json.dumps(body).encode())
    async with peer(uri) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Append(request)
        error = ServiceError.from_rpc(refused.value)
        assert (await streamed(stub, request)).reason == error.reason
    return error


async def streamed(stub: audit_pb2_grpc.AuditServiceStub, request: pb.AppendRequest) -> ServiceError:
    """How the same is refused in a stream, if not the stream itself is."""
    stream = stub.AppendStream()
    try:
        await stream.write(pb.AppendStreamRequest(number=1, append=request))
        answer = await stream.read()
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.read()
        return ServiceError.from_rpc(refused.value)
    finally:
        stream.cancel()
    assert answer.WhichOneof("outcome") == "refused"
    return ServiceError.from_bytes(answer.refused)


@pytest.mark.parametrize(
    ("uri", "kinds"),
    [
        (service_uri("generator"), ["verdict_reached", "approval_issued", "run_started", "run_finished"]),
        (service_uri("guard"), ["task_received", "run_started", "run_finished", "heartbeat"]),
        (service_uri("executor"), ["task_received", "verdict_reached", "approval_issued", "records_read"]),
        (reviewer_uri("kim"), ["run_started", "heartbeat", "verdict_reached", "approval_issued"]),
        (caller_uri("local"), list(BODIES)),
        (service_uri("audit"), ["heartbeat", "verdict_reached"]),
        (service_uri("console"), ["run_started"]),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) else "",
)
async def test_no_identity_appends_anothers_kinds(peer: As, uri: str, kinds: list[str]) -> None:
    for kind in kinds:
        assert (await refusal(peer, uri, kind, BODIES[kind])).code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_reviewer_cannot_decide_in_anothers_name(peer: As) -> None:
    error = await refusal(peer, reviewer_uri("kim"), "verdict_reached", verdict(decided_by="human:lee"))

    assert error.reason == "RECORD_NOT_ALLOWED"


async def test_the_guard_cannot_decide_in_a_humans_name(peer: As) -> None:
    error = await refusal(peer, service_uri("guard"), "verdict_reached", verdict(decided_by="human:kim"))

    assert error.reason == "RECORD_NOT_ALLOWED"


@pytest.mark.parametrize("uri", [caller_uri("team"), service_uri("executor"), service_uri("generator")])
async def test_records_are_read_by_readers_only(peer: As, uri: str) -> None:
    async with peer(uri) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as listing:
            await stub.ListRecords(pb.ListRecordsRequest())
        with pytest.raises(grpc.aio.AioRpcError) as getting:
            await stub.GetRecord(pb.GetRecordRequest(index=0, with_bodies=True))
        with pytest.raises(grpc.aio.AioRpcError) as following:
            await stub.TailRecords(pb.TailRecordsRequest(follow=True)).read()

    assert {e.value.code() for e in (listing, getting, following)} == {grpc.StatusCode.PERMISSION_DENIED}

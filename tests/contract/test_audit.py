"""AuditService over real gRPC with mutual TLS: what each identity gets, and what it is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.access import Access
from audit_svc.policy import ENDLESS, SERVICE, allow_list
from audit_svc.sequencer import Sequencer
from audit_svc.servicer import AuditServicer
from placet.audit.checkpoint import LogVerifier
from placet.audit.client import GrpcAuditLog
from placet.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from placet.audit.reader import LogReader
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from placet.rpc.server import Register
from tests.fakes.audit_world import PROGRAM, World, approval, finished, started, verdict
from tests.fakes.rpc import Authority, serving

As = Callable[[str], AbstractAsyncContextManager[grpc.aio.Channel]]
TASK = {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"}
READER = reviewer_uri("kim")
ACCESS = Access.parse(
    "reviewer/*=reviewer,reviewer/kim=auditor,reviewer/vera=viewer,caller/local=admin,caller/siem=auditor"
)


@pytest.fixture
def world(log_world: World) -> World:
    return log_world


@pytest.fixture
async def peer(world: World, tmp_path: Path) -> AsyncIterator[As]:
    """Open a channel to a running log as any identity."""
    async with world.writing() as writer:
        with world.reader() as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as as_peer:
                yield as_peer


def registering(sequencer: Sequencer, reader: LogReader) -> Register:
    def register(server: grpc.aio.Server) -> list[str]:
        servicer = AuditServicer(sequencer, reader, ACCESS)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(servicer, server)
        return [SERVICE]

    return register


@asynccontextmanager
async def served(sequencer: Sequencer, reader: LogReader, pki: Path) -> AsyncIterator[As]:
    register, allow = registering(sequencer, reader), allow_list(ACCESS.patterns)
    authority = Authority.make(pki)
    async with serving(authority, "audit", register=register, allow=allow, endless=ENDLESS) as server:
        yield server.as_peer


async def whole_run(peer: As) -> None:
    async with peer(service_uri("guard")) as guard, peer(service_uri("executor")) as executor:
        reached = await GrpcAuditLog(guard).append(
            "verdict_reached", verdict(), request_id="r", bodies={"program": PROGRAM}
        )
        await GrpcAuditLog(guard).append("approval_issued", approval(reached), request_id="r")
        start = await GrpcAuditLog(executor).append("run_started", started(), request_id="r")
        await GrpcAuditLog(executor).append("run_finished", finished(start), request_id="r")


async def test_a_run_recorded_over_the_wire_is_proven_offline(peer: As, world: World) -> None:
    await whole_run(peer)
    report = world.verify()

    assert report.ok, report.first_break
    assert (report.records, report.runs_finished, report.bodies_present) == (4, 1, 1)


async def test_the_answer_covers_the_record(peer: As, world: World) -> None:
    async with peer(service_uri("generator")) as channel:
        done = await GrpcAuditLog(channel).append("task_received", TASK, request_id="r")

    checkpoint = world.signer.verifier.open(done.checkpoint)
    assert checkpoint.size == done.index + 1
    assert checkpoint.root == done.leaf_hash


async def test_a_second_start_is_spent_and_the_reason_arrives(peer: As) -> None:
    await whole_run(peer)
    async with peer(service_uri("executor")) as channel:
        with pytest.raises(ServiceError) as refused:
            await GrpcAuditLog(channel).append("run_started", started(run_id="2"), request_id="r")

    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.ALREADY_EXISTS, "APPROVAL_SPENT")


async def test_unfit_records_never_leave_the_client(peer: As) -> None:
    async with peer(service_uri("executor")) as channel:
        with pytest.raises(ServiceError, match="missing"):
            await GrpcAuditLog(channel).append("run_started", {}, request_id="r")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "nonsense"},
        {"body_json": b"[]"},
        {"body_json": b"{"},
        {"body_json": b'{"outcome": 1.5}'},
        {"body_json": b'{"outcome": "x", "more": null}'},
        {"body_json": b'{"outcome": "x", "outcome": "y"}'},
        {"body_json": json.dumps({"outcome": "x", "pad": "x" * 50_000}).encode()},
        {"bodies": [pb.Body(role="a"), pb.Body(role="a")]},
        {"bodies": [pb.Body(role="../etc")]},
        {"request_id": "two words"},
        {"idempotency_key": "k" * 200},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_unfit_requests_are_refused_and_leave_nothing(peer: As, world: World, change: dict) -> None:
    fit = {"kind": "task_finished", "request_id": "r", "body_json": b'{"outcome": "x"}'}
    async with peer(service_uri("generator")) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Append(pb.AppendRequest(**(fit | change)))
        assert (await stub.Append(pb.AppendRequest(**fit))).index == 0

    error = ServiceError.from_rpc(refused.value)
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "RECORD_INVALID")


async def test_an_unreachable_log_is_unavailable_not_silent(tmp_path: Path) -> None:
    channel = grpc.aio.insecure_channel(f"unix:{tmp_path}/nobody")
    with pytest.raises(ServiceError) as refused:
        await GrpcAuditLog(channel, timeout_s=0.3).append("task_received", TASK, request_id="r")
    await channel.close()

    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE")


async def test_pages_go_both_ways_and_lose_nothing(peer: As) -> None:
    async with peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel)
        await asyncio.gather(*(log.append("task_received", TASK, request_id=f"r{i % 2}") for i in range(23)))
    async with peer(READER) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        for descending in (False, True):
            seen, index, more = [], 0, True
            while more:
                page = await stub.ListRecords(
                    pb.ListRecordsRequest(from_index=index, page_size=5, descending=descending)
                )
                seen += [record.index for record in page.records]
                index, more = page.next_index, page.more
            written = [index for index in seen if index < 23]  # what follows says that it was read
            assert written == sorted(range(23), reverse=descending)
        by_request = await stub.ListRecords(pb.ListRecordsRequest(request_id="r1"))
        by_kind = await stub.ListRecords(pb.ListRecordsRequest(kind="run_started"))

    assert len(by_request.records) == 11
    assert len(by_kind.records) == 0


async def test_bodies_leave_only_after_the_reading_is_recorded(peer: As) -> None:
    await whole_run(peer)
    async with peer(READER) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        bare = await stub.GetRecord(pb.GetRecordRequest(index=0))
        full = await stub.GetRecord(pb.GetRecordRequest(index=0, with_bodies=True))
        page = await stub.ListRecords(pb.ListRecordsRequest(kind="records_read"))

    assert not bare.bodies
    assert [(body.role, body.content) for body in full.bodies] == [("program", PROGRAM)]
    assert full.record.leaf_hash == leaf_hash(full.record.leaf)
    assert json.loads(page.records[0].leaf)["body"] == {
        "reader": READER,
        "indexes": [0],
        "roles": ["program"],
    }


async def test_a_record_that_is_not_there_is_not_found(peer: As) -> None:
    async with peer(READER) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await audit_pb2_grpc.AuditServiceStub(channel).GetRecord(pb.GetRecordRequest(index=2**63 + 5))

    assert ServiceError.from_rpc(refused.value).reason == "RECORD_UNKNOWN"


async def test_proofs_lead_from_any_record_to_the_signed_root(peer: As) -> None:
    await whole_run(peer)
    async with peer(caller_uri("anybody")) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        answer = await stub.GetCheckpoint(pb.GetCheckpointRequest())
        proof = await stub.GetInclusionProof(pb.GetInclusionProofRequest(index=2))
        growth = await stub.GetConsistencyProof(pb.GetConsistencyProofRequest(old_size=3, new_size=4))
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetInclusionProof(pb.GetInclusionProofRequest(index=2, tree_size=2))
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetConsistencyProof(pb.GetConsistencyProofRequest(old_size=1, new_size=5))
    async with peer(READER) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        records = (await stub.ListRecords(pb.ListRecordsRequest())).records

    checkpoint = LogVerifier.from_vkey(answer.vkey).open(answer.checkpoint)
    verify_inclusion(leaf_hash(records[2].leaf), 2, 4, list(proof.hashes), checkpoint.root)
    with pytest.raises(ValueError):
        verify_consistency(3, 4, records[0].leaf_hash, checkpoint.root, list(growth.hashes))


async def test_following_gives_old_and_new_records_in_order(peer: As) -> None:
    await whole_run(peer)
    async with peer(READER) as reading, peer(service_uri("generator")) as writing:
        stream = audit_pb2_grpc.AuditServiceStub(reading).TailRecords(
            pb.TailRecordsRequest(from_index=1, follow=True)
        )
        seen = [(await stream.read()).record.index for _ in range(4)]  # the last says that it is read
        await GrpcAuditLog(writing).append("task_received", TASK, request_id="r")
        seen.append((await asyncio.wait_for(stream.read(), 5)).record.index)
        stream.cancel()
        ending = audit_pb2_grpc.AuditServiceStub(reading).TailRecords(pb.TailRecordsRequest(from_index=3))
        rest = [answer.record.index async for answer in ending]

    assert seen == [1, 2, 3, 4, 5]
    assert rest == [3, 4, 5, 6]

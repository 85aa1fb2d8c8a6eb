"""Appending over a stream: each request is answered as one call would be, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc import answers
from audit_svc.access import Access
from audit_svc.policy import ENDLESS, SERVICE, allow_list
from audit_svc.servicer import AuditServicer, Context
from placet.audit import appending
from placet.audit.checkpoint import LogSigner
from placet.audit.client import MAX_STREAMED_BYTES, Appended, GrpcAuditLog
from placet.rpc import metrics
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, service_uri
from placet.rpc.server import Register
from tests.contract.test_audit import As, served
from tests.contract.test_audit_takeover import Replica, until
from tests.fakes.audit_world import ORIGIN, World, approval, finished, started, verdict
from tests.fakes.rpc import Authority, Serving, serving

TASK = {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"}
GOOD = pb.AppendRequest(kind="task_finished", request_id="r", body_json=b'{"outcome": "x"}')
BAD = pb.AppendRequest(kind="task_finished", request_id="r", body_json=b"[]")


@pytest.fixture
async def peer(log_world: World, tmp_path: Path) -> AsyncIterator[As]:
    """Open a channel to a running log as any identity."""
    async with log_world.writing() as writer:
        with log_world.reader() as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as as_peer:
                yield as_peer


async def test_a_whole_run_is_proven(peer: As, log_world: World) -> None:
    async with peer(service_uri("guard")) as guarding, peer(service_uri("executor")) as executing:
        guard, executor = GrpcAuditLog(guarding, streams=True), GrpcAuditLog(executing, streams=True)
        reached = await guard.append("verdict_reached", verdict(), request_id="r")
        await guard.append("approval_issued", approval(reached), request_id="r")
        start = await executor.append("run_started", started(), request_id="r")
        with pytest.raises(ServiceError) as again:
            await executor.append("run_started", started(run_id="2"), request_id="r")
        await executor.append("run_finished", finished(start), request_id="r")

    assert (again.value.code, again.value.reason) == (grpc.StatusCode.ALREADY_EXISTS, "APPROVAL_SPENT")
    report = log_world.verify()
    assert report.ok, report.first_break
    assert (report.records, report.runs_finished) == (4, 1)


async def test_many_at_once_have_their_own_answers(peer: As, log_world: World) -> None:
    async with peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel, streams=True)
        keys = [f"k{number}" for number in range(300)]
        appended = await asyncio.gather(
            *(log.append("task_received", TASK, request_id=key, idempotency_key=key) for key in keys)
        )

    entries = log_world.entries()
    assert sorted(done.index for done in appended) == list(range(300))
    assert all(entries[done.index].leaf_hash == done.leaf_hash for done in appended)
    assert [entries[done.index].request_id for done in appended] == keys


async def test_a_refusal_is_the_one_of_a_call_and_spoils_nothing(peer: As, log_world: World) -> None:
    """docs/audit-format.md 4.8. It is counted as a call, too: alerts look at the codes of Append."""
    before = counted("INVALID_ARGUMENT")
    async with peer(service_uri("generator")) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Append(BAD)
        stream = stub.AppendStream()
        for number, request in ((7, BAD), (8, GOOD)):
            await stream.write(pb.AppendStreamRequest(number=number, append=request))
        await stream.done_writing()
        got = {answer.number: answer async for answer in stream}

    assert got.keys() == {7, 8}
    assert got[8].appended.leaf_hash == log_world.entries()[0].leaf_hash
    assert counted("INVALID_ARGUMENT") == before + 2
    one, same = ServiceError.from_rpc(refused.value), ServiceError.from_bytes(got[7].refused)
    assert (same.code, same.reason, same.message) == (one.code, one.reason, one.message)


def counted(code: str) -> float:
    labels = {"method": "AuditService/Append", "code": code}
    return metrics.registry(()).get_sample_value("placet_rpcs_total", labels) or 0


async def test_who_may_not_append_gets_no_stream(peer: As, log_world: World) -> None:
    async with peer(caller_uri("team")) as channel:
        with pytest.raises(ServiceError) as refused:
            await GrpcAuditLog(channel, streams=True).append("task_received", TASK, request_id="r")

    assert (refused.value.code, refused.value.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "CALLER_NOT_ALLOWED",
    )
    assert not log_world.entries()


class OddLog(AuditServicer):
    """The real servicer over no log: what becomes of an append is up to the test, by its request's id."""

    def __init__(self) -> None:
        self.delays: dict[str, float] = {}
        self.refusals: dict[str, ServiceError] = {}
        self.asked: list[str] = []
        self.streams = self.open = self.answering = 0

    async def _append(self, request: pb.AppendRequest, actor: str) -> pb.AppendResponse:
        self.asked.append(request.request_id)
        self.answering += 1
        await asyncio.sleep(self.delays.pop(request.request_id, 0))
        self.answering -= 1
        if request.request_id in self.refusals:
            raise self.refusals.pop(request.request_id)
        return pb.AppendResponse(index=len(self.asked))

    async def AppendStream(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.AppendStreamRequest], context: Context
    ) -> None:
        self.streams += 1
        self.open += 1
        try:
            await super().AppendStream(request_iterator, context)
        finally:
            self.open -= 1


def serving_odd(register: Register, pki: Path) -> AbstractAsyncContextManager[Serving]:
    allow = allow_list(Access.parse("reviewer/*=viewer").patterns)
    return serving(Authority.make(pki), "audit", register=register, allow=allow, endless=ENDLESS)


@pytest.fixture
async def odd(tmp_path: Path) -> AsyncIterator[tuple[OddLog, Serving]]:
    log = OddLog()

    def register(server: grpc.aio.Server) -> list[str]:
        audit_pb2_grpc.add_AuditServiceServicer_to_server(log, server)
        return [SERVICE]

    async with serving_odd(register, tmp_path / "pki") as server:
        yield log, server


def append(log: GrpcAuditLog, request_id: str, **more: Any) -> Coroutine[Any, Any, Appended]:
    return log.append("task_received", TASK, request_id=request_id, **more)


async def test_a_slow_answer_holds_nobody_up(odd: tuple[OddLog, Serving]) -> None:
    fake, server = odd
    fake.delays["slow"] = 0.5
    async with server.as_peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel, streams=True)
        slow = asyncio.create_task(append(log, "slow"))
        await asyncio.sleep(0.05)
        await append(log, "fast")
        assert not slow.done()
        await slow

    assert (fake.streams, fake.asked) == (1, ["slow", "fast"])


async def test_who_is_cancelled_takes_nobody_along(odd: tuple[OddLog, Serving]) -> None:
    fake, server = odd
    fake.delays.update(one=0.3, two=0.3)
    async with server.as_peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel, streams=True)
        one, two = (asyncio.create_task(append(log, name)) for name in ("one", "two"))
        await asyncio.sleep(0.1)
        one.cancel()
        await two

    assert one.cancelled()
    assert (fake.streams, sorted(fake.asked)) == (1, ["one", "two"])


async def test_what_is_not_answered_in_time_is_unavailable_and_the_next_has_a_stream_of_its_own(
    odd: tuple[OddLog, Serving],
) -> None:
    fake, server = odd
    fake.delays["hangs"] = 5
    async with server.as_peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel, streams=True, timeout_s=0.3)
        with pytest.raises(ServiceError) as late:
            await append(log, "hangs")
        await append(log, "next")

    assert late.value.reason == "AUDIT_UNAVAILABLE"
    assert fake.streams == 2


async def test_one_that_stands_by_is_asked_over_another_stream(odd: tuple[OddLog, Serving]) -> None:
    """It may lead to another replica: which one a stream reaches is settled when it begins."""
    fake, server = odd
    fake.refusals["r"] = ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_STANDBY", "Ask the other one.")
    async with server.as_peer(service_uri("generator")) as channel:
        await append(GrpcAuditLog(channel, streams=True), "r")

    assert (fake.streams, fake.asked) == (2, ["r", "r"])


async def test_a_failure_inside_the_log_tells_nothing_of_it(odd: tuple[OddLog, Serving]) -> None:
    fake, server = odd
    fake.refusals["r"] = RuntimeError("secret")  # type: ignore[assignment]
    async with server.as_peer(service_uri("generator")) as channel:
        stream = audit_pb2_grpc.AuditServiceStub(channel).AppendStream()
        await stream.write(pb.AppendStreamRequest(number=1, append=pb.AppendRequest(request_id="r")))
        answer = await stream.read()
        stream.cancel()

    told = ServiceError.from_bytes(answer.refused)
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert b"secret" not in answer.SerializeToString()


async def test_a_stream_is_renewed_and_the_old_one_ends_once_it_is_answered(
    odd: tuple[OddLog, Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, server = odd
    monkeypatch.setattr(appending, "RENEWED_S", 0.2)
    fake.delays["slow"] = 0.6
    async with server.as_peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel, streams=True)
        slow = asyncio.create_task(append(log, "slow"))
        await asyncio.sleep(0.3)
        await append(log, "next")
        assert (fake.streams, fake.open) == (2, 2)
        await slow
        async with asyncio.timeout(5):
            while fake.open > 1:
                await asyncio.sleep(0.01)

    assert fake.asked == ["slow", "next"]


async def test_a_large_request_has_a_call_of_its_own(odd: tuple[OddLog, Serving]) -> None:
    fake, server = odd
    async with server.as_peer(service_uri("generator")) as channel:
        await append(GrpcAuditLog(channel, streams=True), "r", bodies={"task": bytes(MAX_STREAMED_BYTES)})

    assert (fake.streams, fake.asked) == (0, ["r"])


async def test_a_log_that_has_no_streams_is_called(tmp_path: Path) -> None:
    """As one of an older version, in the middle of an upgrade."""
    fake = OddLog()

    def register(server: grpc.aio.Server) -> list[str]:
        call = grpc.unary_unary_rpc_method_handler(
            fake.Append,
            request_deserializer=pb.AppendRequest.FromString,
            response_serializer=pb.AppendResponse.SerializeToString,
        )
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {"Append": call})])
        return [SERVICE]

    async with (
        serving_odd(register, tmp_path / "pki") as server,
        server.as_peer(service_uri("generator")) as channel,
    ):
        log = GrpcAuditLog(channel, streams=True)
        await append(log, "r")
        await append(log, "s")

    assert (fake.streams, fake.asked) == (0, ["r", "s"])


async def test_what_was_begun_is_answered_when_the_server_stops(odd: tuple[OddLog, Serving]) -> None:
    """docs/connections.md 4.2."""
    fake, server = odd
    fake.delays["r"] = 0.3
    async with server.as_peer(service_uri("generator")) as channel:
        going = asyncio.create_task(append(GrpcAuditLog(channel, streams=True), "r"))
        await asyncio.sleep(0.1)
        await server.built.stop(2)
        await going

    assert fake.asked == ["r"]


async def test_who_sends_and_takes_no_answers_is_read_no_further(
    odd: tuple[OddLog, Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, server = odd
    monkeypatch.setattr(answers, "MOST_AT_ONCE", 3)
    fake.delays.update({f"r{number}": 1.0 for number in range(9)})
    async with server.as_peer(service_uri("generator")) as channel:
        log = GrpcAuditLog(channel, streams=True)
        asking = [asyncio.create_task(append(log, f"r{number}")) for number in range(9)]
        await asyncio.sleep(0.3)
        begun = len(fake.asked)
        await asyncio.gather(*asking)

    assert (begun, fake.streams) == (3, 1)


async def test_who_leaves_before_the_answer_leaves_nothing_behind(odd: tuple[OddLog, Serving]) -> None:
    """The record may be made all the same; whoever asks again by its key finds it."""
    fake, server = odd
    fake.delays["r"] = 0.3
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with server.as_peer(service_uri("generator")) as channel:
        stream = audit_pb2_grpc.AuditServiceStub(channel).AppendStream()
        await stream.write(pb.AppendStreamRequest(number=1, append=pb.AppendRequest(request_id="r")))
        while not fake.asked:
            await asyncio.sleep(0.01)
        stream.cancel()
    async with asyncio.timeout(5):
        while fake.open or fake.answering:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # it is answered to nobody
    gc.collect()

    assert not complaints


async def test_a_killed_log_is_asked_again_and_appends_once(tmp_path: Path, authority: Authority) -> None:
    signer = LogSigner.generate(ORIGIN)
    signer.save(tmp_path / "key")
    replica = Replica(tmp_path / "a", authority, f"PLACET_AUDIT_DATABASE={tmp_path}/audit.sqlite")
    replica.directory.mkdir()
    replica.start()
    try:
        await until(replica.serves, replica.said)
        async with replica.as_generator() as channel:
            log = GrpcAuditLog(channel, streams=True)
            first = await append(log, "r", idempotency_key="k")
            replica.end()
            replica.start()
            again = await append(log, "r", idempotency_key="k")
            after = await append(log, "s")
    finally:
        replica.end()

    assert again.index == first.index
    assert after.index > first.index

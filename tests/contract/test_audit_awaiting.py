"""Callers that wait for people, and the console that follows the log, over real gRPC (audit-format §17)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc
from placetpb.common.v1 import common_pb2

from audit_svc import awaiting
from audit_svc.awaiting import Awaited
from audit_svc.batch import Draft
from audit_svc.erasure import erase
from audit_svc.policy import ENDLESS, allow_list
from audit_svc.store.types import BodyKey
from placet.audit.client import Appended, GrpcAuditLog
from placet.audit.reader import LogUnreadable
from placet.audit.record import Record, canonical
from placet.audit.waiting import decided as decided_by_people
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, parse_uri, reviewer_uri, service_uri
from placet.rpc.server import build_server
from tests.contract.test_audit import ACCESS, TASK, As, registering, served
from tests.fakes.audit_world import GUARD, PROGRAM, PROGRAM_SHA256, World, approval, verdict
from tests.fakes.rpc import Authority, Serving

TEAM, OTHERS, GENERATOR = caller_uri("team"), caller_uri("others"), service_uri("generator")
KIM = reviewer_uri("kim")
SIGNED = b'{"payload":"...","signatures":[]}'
SOON_S = 10.0
NO_FINDINGS = {"findings_sha256": hashlib.sha256(b"[]").hexdigest(), "findings": []}


@pytest.fixture
def world(log_world: World) -> World:
    return log_world


@pytest.fixture
async def peer(world: World, tmp_path: Path) -> AsyncIterator[As]:
    async with opened(world, tmp_path) as as_peer:
        yield as_peer


@asynccontextmanager
async def opened(world: World, tmp_path: Path) -> AsyncIterator[As]:
    """The log's service, from its start to its end."""
    async with world.writing() as writer:
        with world.reader() as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as as_peer:
                yield as_peer


@asynccontextmanager
async def opened_at(world: World, address: str, authority: Authority) -> AsyncIterator[As]:
    """The same, always at one address."""
    async with world.writing() as writer:
        with world.reader() as reader:
            built = build_server(
                listen=address,
                tls=authority.service("audit"),
                allow=allow_list(ACCESS.patterns),
                register=registering(writer.sequencer, reader),
                endless=ENDLESS,
            )
            await built.server.start()
            try:
                yield Serving(authority, "audit", built).as_peer
            finally:
                await built.stop(0.2)


async def append(peer: As, uri: str, kind: str, body: dict[str, object], **bodies: bytes) -> Appended:
    async with peer(uri) as channel:
        return await GrpcAuditLog(channel).append(kind, body, request_id="r", bodies=bodies)


async def sent_to_people(peer: As, caller: str = TEAM) -> Appended:
    body = verdict(verdict="NEEDS_REVIEW", caller=caller, **NO_FINDINGS)
    return await append(peer, GUARD, "verdict_reached", body, program=PROGRAM)


async def decided(peer: As, reviewed: Appended, word: str, reason: str = "read it twice") -> Appended:
    finding = {"rule_id": "human.reason", "severity": "INFO", "line": 0, "message": reason, "source": "human"}
    body = verdict(
        verdict=word,
        decided_by="human:kim",
        findings=[finding],
        findings_sha256=hashlib.sha256(canonical([finding])).hexdigest(),
        reviewed_index=reviewed.index,
    )
    return await append(peer, KIM, "verdict_reached", body)


async def issued(peer: As, allowed: Appended) -> Appended:
    return await append(peer, KIM, "approval_issued", approval(allowed, decided_by="human:kim"))


async def signed(peer: As, rests_on: Appended) -> Appended:
    body: dict[str, object] = {
        "approval_id": "a" * 32,
        "program_sha256": PROGRAM_SHA256,
        "envelope_sha256": hashlib.sha256(SIGNED).hexdigest(),
        "issued_index": rests_on.index,
        "decided_by": "human:kim",
    }
    return await append(peer, KIM, "approval_signed", body, approval=SIGNED)


async def approved(peer: As, reviewed: Appended) -> Appended:
    """All records of an approval; gives the verdict's."""
    allowed = await decided(peer, reviewed, "ALLOWED")
    await signed(peer, await issued(peer, allowed))
    return allowed


async def wait(
    peer: As, uri: str = TEAM, *, timeout_s: float = SOON_S, **change: object
) -> pb.AwaitReviewResponse:
    """Raises ServiceError as the log gave it."""
    asked: dict[str, Any] = {"request_id": "r", "program_sha256": bytes.fromhex(PROGRAM_SHA256)} | change
    async with peer(uri) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        try:
            reply: pb.AwaitReviewResponse = await stub.AwaitReview(
                pb.AwaitReviewRequest(**asked), timeout=timeout_s
            )
        except grpc.aio.AioRpcError as error:
            raise ServiceError.from_rpc(error) from error
        return reply


async def waiting(peer: As, uri: str = TEAM, **change: object) -> asyncio.Task[pb.AwaitReviewResponse]:
    """One that waits for certain: its turn of an event loop that it shares with the log has long come."""
    task = asyncio.create_task(wait(peer, uri, **change))
    await asyncio.sleep(0.1)
    assert not task.done(), task
    return task


async def test_a_caller_gets_the_approval_when_it_is_signed_and_not_before(peer: As) -> None:
    """MUST 17.3: an approval counts once `approval_signed` is on record."""
    reviewed = await sent_to_people(peer)
    answer = await waiting(peer)
    allowed = await decided(peer, reviewed, "ALLOWED")
    rests_on = await issued(peer, allowed)
    await asyncio.sleep(0.05)
    assert not answer.done()
    await signed(peer, rests_on)

    reply = await answer
    assert (reply.verdict, reply.approval) == (common_pb2.VERDICT_ALLOWED, SIGNED)
    assert (reply.decided_by, reply.reason, reply.index) == ("human:kim", "read it twice", allowed.index)


async def test_a_denial_is_told_with_its_reason(peer: As) -> None:
    reviewed = await sent_to_people(peer)
    answer = await waiting(peer)
    denied = await decided(peer, reviewed, "DENIED", "reads more than it says")

    reply = await answer
    assert (reply.verdict, reply.approval, reply.index) == (common_pb2.VERDICT_DENIED, b"", denied.index)
    assert (reply.decided_by, reply.reason) == ("human:kim", "reads more than it says")


async def test_what_was_decided_before_is_told_at_once_and_again(peer: As) -> None:
    await approved(peer, await sent_to_people(peer))

    assert [(await wait(peer)).approval for _ in range(2)] == [SIGNED, SIGNED]


async def test_waiting_goes_on_after_the_log_was_started_anew(world: World, tmp_path: Path) -> None:
    """MUST 17.5: the review is in the log, not in the memory of who waits or of whom they ask."""
    async with opened(world, tmp_path) as peer:
        reviewed = await sent_to_people(peer)
        answer = await waiting(peer)
        began = time.monotonic()
    with pytest.raises(ServiceError) as told:
        await answer
    assert (told.value.code, told.value.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING")
    assert time.monotonic() - began < SOON_S / 2

    async with opened(world, tmp_path) as peer:
        answer = await waiting(peer)
        await approved(peer, reviewed)
        assert (await answer).approval == SIGNED


async def test_a_caller_is_still_waiting_when_the_log_is_back(tmp_path: Path) -> None:
    """What a client of ours does of its own accord: it asks the log again, at the same address."""
    world, address, authority = World(tmp_path), f"unix:{tmp_path}/s", Authority.make(tmp_path / "pki")
    channel = connect(address, authority.peer(TEAM), server="audit")
    async with opened_at(world, address, authority) as peer:
        reviewed = await sent_to_people(peer)
        waiter = asyncio.create_task(
            decided_by_people(channel, "r", bytes.fromhex(PROGRAM_SHA256), wait_s=SOON_S)
        )
        await asyncio.sleep(0.1)
    async with opened_at(world, address, authority) as peer:
        allowed = await approved(peer, reviewed)
        told = await waiter
    await channel.close()

    assert told is not None
    assert (told.approval, told.index) == (SIGNED, allowed.index)


async def refusal(peer: As, uri: str = TEAM, **change: object) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        await wait(peer, uri, **change)
    return refused.value


async def test_nobody_waits_for_a_review_that_is_not_theirs(peer: As) -> None:
    """MUST 17.1: another caller's verdict is answered as none."""
    await approved(peer, await sent_to_people(peer))
    refused = [
        await refusal(peer, OTHERS),
        await refusal(peer, GENERATOR),
        await refusal(peer, request_id="another"),
        await refusal(peer, program_sha256=b"\0" * 32),
    ]

    assert {(each.code, each.reason) for each in refused} == {(grpc.StatusCode.NOT_FOUND, "REVIEW_UNKNOWN")}
    assert len({each.message for each in refused}) == 1


async def test_the_generator_waits_on_behalf_of_its_callers(peer: As) -> None:
    await append(peer, GENERATOR, "task_received", TASK | {"caller": TEAM})
    await approved(peer, await sent_to_people(peer))

    assert (await wait(peer, GENERATOR)).approval == SIGNED


async def test_nobody_else_may_wait(peer: As) -> None:
    await sent_to_people(peer)
    for uri in (GUARD, KIM, service_uri("executor"), service_uri("console")):
        assert (await refusal(peer, uri)).reason == "CALLER_NOT_ALLOWED", uri


async def test_a_review_must_be_named_whole(peer: As) -> None:
    for change in ({"request_id": ""}, {"program_sha256": b"short"}, {"request_id": "r" * 301}):
        refused = await refusal(peer, **change)
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "QUERY_INVALID"), change


async def test_an_allowed_verdict_leaves_nobody_waiting(peer: As) -> None:
    await append(peer, GUARD, "verdict_reached", verdict(caller=TEAM, **NO_FINDINGS))
    with pytest.raises(ServiceError, match="REVIEW_UNKNOWN"):
        await wait(peer)


async def test_the_newest_verdict_is_meant_and_an_older_decision_is_none_on_it(peer: As) -> None:
    """MUST 17.1: an approval of a review before says nothing about the one that was asked for after it."""
    await approved(peer, await sent_to_people(peer))
    again = await sent_to_people(peer)
    answer = await waiting(peer)
    await decided(peer, again, "DENIED")

    assert (await answer).verdict == common_pb2.VERDICT_DENIED


async def test_a_denial_by_a_service_is_not_peoples(peer: As) -> None:
    """MUST 17.2: a decision is one by `human:NAME`, whatever else names the review."""
    reviewed = await sent_to_people(peer)
    answer = await waiting(peer)
    body = verdict(verdict="DENIED", caller=TEAM, reviewed_index=reviewed.index, **NO_FINDINGS)
    await append(peer, GUARD, "verdict_reached", body)
    await asyncio.sleep(0.1)

    assert not answer.done()
    answer.cancel()


async def test_at_the_deadline_there_is_no_answer_and_the_review_goes_on(peer: As) -> None:
    """MUST 17.5."""
    reviewed = await sent_to_people(peer)
    with pytest.raises(ServiceError) as late:
        await wait(peer, timeout_s=0.2)
    assert late.value.code is grpc.StatusCode.DEADLINE_EXCEEDED

    await approved(peer, reviewed)
    assert (await wait(peer)).approval == SIGNED


async def test_those_who_leave_make_room(peer: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "MAX_WAITING", 1)
    reviewed = await sent_to_people(peer)
    leaving = await waiting(peer)
    with pytest.raises(ServiceError, match="TOO_MANY_WAITING"):
        await wait(peer)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.sleep(0.1)  # until the log has heard of it

    answer = await waiting(peer)
    await approved(peer, reviewed)
    assert (await answer).approval == SIGNED


async def test_an_approval_leaves_after_its_reading_is_on_record(peer: As, world: World) -> None:
    """MUST 17.4."""
    await approved(peer, await sent_to_people(peer))
    await wait(peer)

    *_, given, reading = [Record.decode(entry.leaf) for entry in world.entries()]
    assert (given.kind, reading.kind, reading.request_id) == ("approval_signed", "records_read", "r")
    assert reading.body == {"reader": TEAM, "indexes": [len(world.entries()) - 2], "roles": ["approval"]}


async def test_an_approval_that_was_erased_is_not_made_up(world: World, tmp_path: Path) -> None:
    async with world.writing() as writer:
        with world.reader() as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as peer:
                await approved(peer, await sent_to_people(peer))
                (last,) = [e for e in world.entries() if e.kind == "approval_signed"]
                await erase(
                    writer.sequencer.append,
                    [BodyKey(last.index, "approval")],
                    by=KIM,
                    reason="x",
                    request_id="r",
                )
                with pytest.raises(ServiceError, match="APPROVAL_ERASED"):
                    await wait(peer)


class Asking:
    """Counts reads, and breaks on command."""

    def __init__(self) -> None:
        self.count, self.broken = 0, False

    async def __call__(self, read: Callable[[], Any]) -> Any:
        self.count += 1
        if self.broken:
            raise LogUnreadable("told to")
        return await asyncio.to_thread(read)


async def test_records_cost_the_same_however_many_wait(world: World) -> None:
    """One dispatcher reads what is new; those who wait for something else do not read at all."""
    caller, ask, many = parse_uri(TEAM), Asking(), 30
    async with world.writing() as writer:
        with world.reader() as reader:
            awaited = Awaited(writer.sequencer, reader, ask)
            body = verdict(verdict="NEEDS_REVIEW", caller=TEAM, **NO_FINDINGS)
            for number in range(many):
                await writer.sequencer.append(Draft("verdict_reached", f"r{number}", GUARD, body))
            answers = [
                asyncio.create_task(awaited.decision(caller, f"r{number}", PROGRAM_SHA256))
                for number in range(many)
            ]
            await until(lambda: ask.count >= 2 * many + 1)
            ask.count = 0
            for _ in range(10):
                await writer.sequencer.append(
                    Draft("verdict_reached", "unrelated", GUARD, verdict(verdict="DENIED", **NO_FINDINGS))
                )
            await asyncio.sleep(0.1)
            assert 1 <= ask.count <= 10
            for answer in answers:
                answer.cancel()
            await asyncio.gather(*answers, return_exceptions=True)


async def test_an_unreadable_database_is_an_error_and_no_endless_wait(world: World) -> None:
    ask = Asking()
    async with world.writing() as writer:
        with world.reader() as reader:
            awaited = Awaited(writer.sequencer, reader, ask)
            body = verdict(verdict="NEEDS_REVIEW", caller=TEAM, **NO_FINDINGS)
            await writer.append(GUARD, "verdict_reached", body)
            answer = asyncio.create_task(awaited.decision(parse_uri(TEAM), "req-1", PROGRAM_SHA256))
            await until(lambda: ask.count >= 3)
            ask.broken = True
            await writer.append(GUARD, "verdict_reached", body)
            with pytest.raises(LogUnreadable):
                await asyncio.wait_for(answer, SOON_S)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_the_console_is_told_of_growth(peer: As) -> None:
    async with peer(service_uri("console")) as channel:
        sizes = audit_pb2_grpc.AuditServiceStub(channel).WatchSize(pb.WatchSizeRequest())
        assert (await sizes.read()).size == 0
        first = await sent_to_people(peer)
        assert (await asyncio.wait_for(sizes.read(), SOON_S)).size == first.index + 1
        sizes.cancel()


async def test_nobody_else_watches_the_log(peer: As) -> None:
    for uri in (TEAM, KIM, GUARD):
        async with peer(uri) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await audit_pb2_grpc.AuditServiceStub(channel).WatchSize(pb.WatchSizeRequest()).read()
        assert ServiceError.from_rpc(refused.value).reason == "CALLER_NOT_ALLOWED", uri

"""Who may read, export and erase, and what is on record of it, over real gRPC (audit-format §8–§10)."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.erasure import Sweeper, erase, parse_retention
from audit_svc.store.types import BodyKey
from placet.audit.client import GrpcAuditLog
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.contract.test_audit import As, served, whole_run
from tests.fakes.audit_world import GUARD, PROGRAM, World, verdict
from tests.fakes.postgres_world import PostgresWorld

VIEWER, REVIEWER = reviewer_uri("vera"), reviewer_uri("rob")
AUDITOR, ADMIN, NOBODY = caller_uri("siem"), caller_uri("local"), caller_uri("team")
Stub = audit_pb2_grpc.AuditServiceStub
NO_FINDINGS = {"findings_sha256": hashlib.sha256(b"[]").hexdigest()}


@pytest.fixture
def world(log_world: World) -> World:
    return log_world


@pytest.fixture
async def peer(world: World, tmp_path: Path) -> AsyncIterator[As]:
    async with world.writing() as writer:
        with world.reader() as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as as_peer:
                yield as_peer
    report = world.verify()
    assert report.ok, report.lines()


async def _list(stub: Any) -> Any:
    return await stub.ListRecords(pb.ListRecordsRequest())


async def _get(stub: Any) -> Any:
    return await stub.GetRecord(pb.GetRecordRequest(index=0))


async def _bodies(stub: Any) -> Any:
    return await stub.GetRecord(pb.GetRecordRequest(index=0, with_bodies=True))


async def _stream(stub: Any) -> Any:
    return [each async for each in stub.TailRecords(pb.TailRecordsRequest())]


async def _erase(stub: Any) -> Any:
    return await stub.EraseBodies(pb.EraseBodiesRequest(request_id="r", reason="asked for"))


CALLS = {"list": _list, "get": _get, "bodies": _bodies, "stream": _stream, "erase": _erase}
MAY = {
    NOBODY: set(),
    service_uri("guard"): set(),
    VIEWER: {"list", "get"},
    REVIEWER: {"list", "get", "bodies"},
    AUDITOR: {"list", "get", "bodies", "stream"},
    ADMIN: set(CALLS),
}


async def answered(call: Any, stub: Any) -> bool:
    """False when the role was missing; any other refusal is a failure of the test."""
    try:
        await call(stub)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.PERMISSION_DENIED:
            return False
        raise
    return True


@pytest.mark.parametrize("uri", MAY, ids=lambda uri: uri.rpartition("/")[2])
async def test_a_role_may_what_the_table_says_and_nothing_else(peer: As, uri: str) -> None:
    """MUST 8.1: a reader has the role that a call needs; otherwise PERMISSION_DENIED, and nothing is read."""
    await whole_run(peer)
    may = set()
    async with peer(uri) as channel:
        for name, call in CALLS.items():
            if await answered(call, Stub(channel)):
                may.add(name)

    assert may == MAY[uri]


async def test_an_own_path_goes_before_a_kind(peer: As) -> None:
    """`reviewer/vera=viewer` lowers one person although `reviewer/*=reviewer`."""
    await whole_run(peer)
    async with peer(VIEWER) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _bodies(Stub(channel))

    assert ServiceError.from_rpc(refused.value).reason == "ROLE_MISSING"


async def of_kind(peer: As, kind: str) -> list[dict[str, Any]]:
    async with peer(ADMIN) as channel:
        page = await Stub(channel).ListRecords(pb.ListRecordsRequest(kind=kind))
    return [json.loads(record.leaf)["body"] for record in page.records]


async def test_bodies_leave_after_their_reading_is_on_record(peer: As) -> None:
    """MUST 8.2: `indexes` names the records, `roles` the bodies."""
    await whole_run(peer)
    async with peer(REVIEWER) as channel:
        await _bodies(Stub(channel))

    first = (await of_kind(peer, "records_read"))[0]
    assert first == {"reader": REVIEWER, "indexes": [0], "roles": ["program"]}


async def test_a_query_is_on_record_once_with_its_filters(peer: As) -> None:
    """MUST 8.3: its pages and its repetitions within ten minutes are one reading."""
    await whole_run(peer)
    async with peer(VIEWER) as channel:
        for first in (0, 0, 2):
            await Stub(channel).ListRecords(
                pb.ListRecordsRequest(request_id="r", page_size=2, from_index=first)
            )
        await Stub(channel).ListRecords(pb.ListRecordsRequest(verdict="DENIED"))
    async with peer(REVIEWER) as channel:
        await Stub(channel).ListRecords(pb.ListRecordsRequest(verdict="DENIED"))

    seen = [(body["reader"], body["query"]) for body in await of_kind(peer, "records_read")]
    assert seen[:3] == [
        (VIEWER, {"request_id": "r"}),
        (VIEWER, {"verdict": "DENIED"}),
        (REVIEWER, {"verdict": "DENIED"}),
    ]


async def test_an_export_is_on_record_before_its_first_record_leaves(peer: As) -> None:
    """MUST 8.4; the export then holds its own record."""
    await whole_run(peer)
    async with peer(AUDITOR) as channel:
        call = Stub(channel).TailRecords(pb.TailRecordsRequest(from_index=1, format="ocsf"))
        sent = [message.record.index async for message in call]

    assert sent == [1, 2, 3, 4]
    (body,) = await of_kind(peer, "records_exported")
    assert body == {"reader": AUDITOR, "from_index": 1, "to_index": 4, "follow": False, "format": "ocsf"}


async def test_what_cannot_be_put_on_record_is_not_read(world: World, tmp_path: Path) -> None:
    """MUST 8.5: the writer is gone; neither bodies nor lists nor streams leave."""
    async with world.writing() as writer:
        with world.reader() as reader:
            async with served(writer.sequencer, reader, tmp_path / "pki") as peer:
                await whole_run(peer)

                async def broken(_: object) -> object:
                    raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "no disk")

                writer.sequencer.append = broken  # type: ignore[assignment,method-assign]
            async with served(writer.sequencer, reader, tmp_path / "pki2") as peer, peer(ADMIN) as channel:
                for call in (_list, _bodies, _stream, _erase):
                    with pytest.raises(grpc.aio.AioRpcError) as refused:
                        await call(Stub(channel))
                    assert ServiceError.from_rpc(refused.value).reason == "AUDIT_UNAVAILABLE"


async def test_an_erasure_takes_the_bodies_and_leaves_every_proof(peer: As, world: World) -> None:
    """MUST 9.1–9.3; the fixture proves the log afterwards."""
    await whole_run(peer)
    async with peer(ADMIN) as channel:
        before = await Stub(channel).GetRecord(pb.GetRecordRequest(index=0))
        answer = await _erase(Stub(channel))
        after = await Stub(channel).GetRecord(pb.GetRecordRequest(index=0, with_bodies=True))

    assert [(body.index, body.role) for body in answer.erased] == [(0, "program")]
    assert (list(before.kept), list(after.kept), list(after.bodies)) == (["program"], [], [])
    assert after.record == before.record
    (body,) = await of_kind(peer, "bodies_erased")
    assert body == {"by": ADMIN, "reason": "asked for", "erased": [{"index": 0, "role": "program"}]}
    if not isinstance(world, PostgresWorld):  # §9.6
        assert PROGRAM not in world.database.read_bytes()


async def test_an_erasure_can_be_of_one_class_only(peer: As) -> None:
    async with peer(service_uri("guard")) as channel:
        await GrpcAuditLog(channel).append(
            "verdict_reached",
            verdict(**NO_FINDINGS),
            request_id="r",
            bodies={"program": PROGRAM, "findings": b"[]"},
        )
    async with peer(ADMIN) as channel:
        request = pb.EraseBodiesRequest(request_id="r", reason="x", classes=["program", "prompt"])
        await Stub(channel).EraseBodies(request)
        left = await Stub(channel).GetRecord(pb.GetRecordRequest(index=0))
        with pytest.raises(grpc.aio.AioRpcError) as again:
            await Stub(channel).EraseBodies(request)

    assert list(left.kept) == ["findings"]
    assert ServiceError.from_rpc(again.value).reason == "NOTHING_TO_ERASE"


async def test_two_erasures_at_a_time_leave_one_record_of_each_body(peer: As, world: World) -> None:
    """MUST 9.1: each body once; a second record of it would be untrue, and the log would not verify."""
    await whole_run(peer)
    async with peer(ADMIN) as channel:
        answers = await asyncio.gather(*(_erase(Stub(channel)) for _ in range(5)), return_exceptions=True)

    refused = [ServiceError.from_rpc(e).reason for e in answers if isinstance(e, grpc.aio.AioRpcError)]
    assert len(refused) == 4
    assert set(refused) <= {"BODY_ERASED", "NOTHING_TO_ERASE"}
    assert len(await of_kind(peer, "bodies_erased")) == 1


async def test_a_body_is_not_erased_before_it_is_there_nor_twice_in_a_batch(world: World) -> None:
    """MUST 9.1, where two orders meet in one batch of the writer."""
    async with world.writing() as writer:
        await writer.append(GUARD, "verdict_reached", verdict(), program=PROGRAM)
        orders = [
            erase(writer.sequencer.append, [BodyKey(at, role)], by=ADMIN, reason="x", request_id="r")
            for at, role in [(0, "program"), (0, "program"), (0, "prompt"), (9, "program")]
        ]
        done = await asyncio.gather(*orders, return_exceptions=True)

    assert [getattr(each, "reason", "erased") for each in done] == ["erased", *["BODY_ERASED"] * 3]
    assert world.verify().ok


@pytest.mark.parametrize(
    "change",
    [
        {"request_id": ""},
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": "a\nb"},
        {"classes": ["everything"]},
    ],
    ids=str,
)
async def test_an_unfit_erasure_is_refused(peer: As, change: dict[str, Any]) -> None:
    await whole_run(peer)
    async with peer(ADMIN) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await Stub(channel).EraseBodies(
                pb.EraseBodiesRequest(**{"request_id": "r", "reason": "x"} | change)
            )

    assert ServiceError.from_rpc(refused.value).reason == "ERASURE_INVALID"


@pytest.mark.parametrize(
    "change",
    [{"page_size": 1001}, {"since": "2026-11-29"}, {"until": "yesterday"}, {"text": "x" * 301}],
    ids=str,
)
async def test_an_unfit_query_is_refused(peer: As, change: dict[str, Any]) -> None:
    async with peer(VIEWER) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await Stub(channel).ListRecords(pb.ListRecordsRequest(**change))

    assert ServiceError.from_rpc(refused.value).reason == "QUERY_INVALID"


async def test_filters_arrive_over_the_wire(peer: As) -> None:
    await whole_run(peer)
    caller = "spiffe://placet.local/caller/local"
    async with peer(VIEWER) as channel:
        found = {
            name: [
                r.index
                for r in (await Stub(channel).ListRecords(pb.ListRecordsRequest(**{name: value}))).records
            ]
            for name, value in {
                "caller": caller,
                "scope": "data-analysis",
                "verdict": "ALLOWED",
                "rule": "no.rule",
                "since": "2999-01-01T00:00:00.000000Z",
                "text": "rules+reviewer never",
            }.items()
        }

    assert found == {
        "caller": [0, 2],
        "scope": [0, 1],
        "verdict": [0],
        "rule": [],
        "since": [],
        "text": [],
    }


async def test_retention_erases_what_is_older_than_its_class_is_kept(world: World) -> None:
    """MUST 9.4: classes that are not named, and what is younger, stay."""
    async with world.writing() as writer:
        writer.sequencer._clock = lambda: f"2026-01-{writer.sequencer.head.size + 1:02}T00:00:00.000000Z"
        for _ in range(4):  # on the first to the fourth
            await writer.append(
                "spiffe://placet.local/svc/guard",
                "verdict_reached",
                verdict(**NO_FINDINGS),
                program=PROGRAM,
                findings=b"[]",
            )
        with world.reader() as reader:
            noon = datetime(2026, 1, 12, 12, tzinfo=UTC)
            sweeper = Sweeper(
                writer.sequencer.append, reader, parse_retention("program=10d"), now=lambda: noon
            )
            swept = [await sweeper.sweep(), await sweeper.sweep()]
            kept = [reader.kept(index) for index in range(4)]

    assert swept == [2, 0]
    assert kept == [["findings"], ["findings"], ["findings", "program"], ["findings", "program"]]
    assert world.verify().ok


@pytest.mark.parametrize(
    "text", ["prompt", "prompt=30", "prompt=0d", "prompt=-1d", "x=30d", "prompt=1d,prompt=2d"]
)
def test_an_unfit_retention_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_retention(text)


async def test_many_bodies_are_erased_by_as_many_records_as_it_takes(peer: As) -> None:
    """A record's body has 48 KiB; none may be refused for naming too many."""
    roles = [f"artifact/{'é' * 100}{i}" for i in range(32)]
    async with peer(service_uri("guard")) as channel:
        log = GrpcAuditLog(channel)
        await asyncio.gather(
            *(
                log.append("verdict_reached", verdict(), request_id="r", bodies=dict.fromkeys(roles, b"x"))
                for _ in range(8)
            )
        )
    async with peer(ADMIN) as channel:
        answer = await _erase(Stub(channel))

    assert len(answer.erased) == 256
    assert len(answer.recorded) > 1


async def test_the_longest_names_that_a_record_may_have_fit_the_indexes(peer: As) -> None:
    """A record that one database could not index would stop the log for everybody."""
    letters = "".join(chr(0x1F300 + i) for i in range(256))  # four bytes each, and nothing to compress
    long = {"caller": letters, "scope": {"name": letters[::-1], "version": 1, "sha256": "5" * 64}}
    body = {"verdict": letters, "outcome": "DONE", "approval_id": letters, "findings": [{"rule_id": letters}]}
    async with peer(service_uri("generator")) as channel:
        await GrpcAuditLog(channel).append("task_finished", {**body, **long}, request_id="r" * 128)
    async with peer(VIEWER) as channel:
        page = await Stub(channel).ListRecords(pb.ListRecordsRequest(caller=letters, rule=letters))

    assert [record.index for record in page.records] == [0]

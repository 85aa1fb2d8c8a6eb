"""`placet approve --request`: a person answers who waits, with what the guard would have approved."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from placetpb.audit.v1 import audit_pb2_grpc

from guard_svc.proposal import Proposal
from placet.approval import InputDigest, KeySet, LogRef, SigningKey
from placet.approval.decision import Decision as Statement
from placet.approval.envelope import open_envelope, parse
from placet.approval.statement import Approval
from placet.audit.client import Appended, GrpcAuditLog
from placet.audit.waiting import decided as decided_by_people
from placet.evidence import Evidence
from placet.human_approval import Decision, Reviewer, approve
from placet.item import item_of
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from placet.rpc.tls import TlsFiles
from placet.scope import load_scope
from tests.contract.test_audit import As, served
from tests.fakes.audit_world import ORIGIN, PROGRAM, World, verdict

SCOPE = load_scope(
    b"""
apiVersion: placet/v1
kind: Scope
metadata: {name: payroll, version: 4, owner: hr}
purpose: Answer questions about salaries.
allow: {imports: [pandas, numpy], read: [inputs]}
"""
)
TEAM, KIM = caller_uri("team"), reviewer_uri("kim")
INPUTS = (InputDigest("pay.csv", b"\1" * 32, 7),)
NOWHERE = TlsFiles(Path("ca"), Path("certificate"), Path("key"))
KEYS = {name: SigningKey.generate() for name in ("kim", "lee")}


@asynccontextmanager
async def serving_log(world: World) -> AsyncIterator[As]:
    async with world.writing() as writer:
        with world.reader() as reader:
            async with served(writer.sequencer, reader, world.directory / "pki") as as_peer:
                yield as_peer


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[As]:
    """A log whose records are proven at the end, whatever a test did."""
    world = World(tmp_path)
    async with serving_log(world) as as_peer:
        yield as_peer
    report = world.verify()
    assert report.ok, report.lines()


async def sent_to_people(peer: As, *, caller: str = TEAM, **change: Any) -> Appended:
    proposal = Proposal(SCOPE, "mean?", INPUTS, ("import:pandas",), "pool-a")
    body = verdict(
        verdict="NEEDS_REVIEW",
        caller=caller,
        scope={"name": SCOPE.name, "version": SCOPE.version, "sha256": SCOPE.sha256.hex()},
        findings_sha256=hashlib.sha256(b"[]").hexdigest(),
        task_sha256=hashlib.sha256(b"mean?").hexdigest(),
        **proposal.fields(),
    )
    bodies = {"program": PROGRAM, "findings": b"[]", **proposal.bodies()}
    async with peer(service_uri("guard")) as channel:
        return await GrpcAuditLog(channel).append(
            "verdict_reached", body | change, request_id="r", bodies=bodies
        )


async def answer(peer: As, name: str = "kim", program: bytes = PROGRAM) -> bytes:
    """What `placet approve --request r` does, once it has read the program and the key."""
    async with peer(reviewer_uri(name)) as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        decision = Decision.on(await item_of(stub, "r", program), program, "read it twice", "r", 300)
        reviewer = Reviewer(name, KEYS[name], NOWHERE)
        return await approve(decision, reviewer, GrpcAuditLog(channel), Evidence(stub).votes_on)


async def test_whoever_waits_goes_on_with_what_the_guard_would_have_approved(peer: As) -> None:
    reviewed = await sent_to_people(peer)
    async with peer(TEAM) as channel:
        waiting = asyncio.create_task(
            decided_by_people(channel, "r", hashlib.sha256(PROGRAM).digest(), wait_s=10)
        )
        file = await answer(peer)
        told = await waiting

    assert told is not None
    assert (told.approval, told.decided_by, told.reason) == (file, "human:kim", "read it twice")
    signed, decision = file.splitlines()
    approval = Approval.from_bytes(open_envelope(signed, KeySet.of(KEYS["kim"].public)))
    assert (approval.inputs, approval.grants, approval.audience) == (INPUTS, ("import:pandas",), ("pool-a",))
    assert (approval.scope.sha256, approval.min_tier, approval.request_id) == (SCOPE.sha256, "T1", "r")
    statement = Statement.from_bytes(parse(decision).payload)
    assert (statement.reviewed, statement.verdict) == (
        LogRef(ORIGIN, reviewed.index, reviewed.leaf_hash),
        "ALLOWED",
    )


async def test_one_person_answers_once(peer: As) -> None:
    await sent_to_people(peer)
    await answer(peer)
    with pytest.raises(ServiceError, match="REVIEW_DECIDED"):
        await answer(peer, "lee")


async def test_two_answer_where_two_are_needed(peer: As) -> None:
    await sent_to_people(peer, quorum=2)
    with pytest.raises(ServiceError, match="QUORUM_MISSING"):
        await answer(peer)
    file = await answer(peer, "lee")

    assert len(file.splitlines()) == 3


async def test_nobody_answers_what_they_asked_themselves(peer: As) -> None:
    await sent_to_people(peer, caller=caller_uri("kim"))
    with pytest.raises(ServiceError, match="REVIEW_IS_YOURS"):
        await answer(peer)


async def test_of_two_callers_with_one_request_id_neither_is_answered_by_mistake(peer: As) -> None:
    await sent_to_people(peer)
    await sent_to_people(peer, caller=caller_uri("others"))
    with pytest.raises(ServiceError, match="REVIEW_AMBIGUOUS"):
        await answer(peer)


async def test_another_program_than_the_one_that_waits_is_refused(peer: As) -> None:
    """The person names the program that they have read."""
    await sent_to_people(peer)
    with pytest.raises(ServiceError, match="REVIEW_UNKNOWN"):
        await answer(peer, program=b"print(2)\n")


async def test_an_item_says_what_the_guard_proposed(peer: As) -> None:
    reviewed = await sent_to_people(peer, quorum=2)
    async with peer(KIM) as channel:
        item = await item_of(audit_pb2_grpc.AuditServiceStub(channel), "r", PROGRAM)

    assert (item.verdict.index, item.verdict.leaf_hash) == (reviewed.index, reviewed.leaf_hash)
    assert (item.scope, item.inputs, item.grants) == (SCOPE, INPUTS, ("import:pandas",))
    assert (item.audience, item.quorum, item.caller) == (("pool-a",), 2, TEAM)


async def test_a_scope_that_is_not_the_one_that_judged_is_not_taken(tmp_path: Path) -> None:
    other = {"name": SCOPE.name, "version": SCOPE.version, "sha256": "0" * 64}
    async with serving_log(World(tmp_path)) as peer:
        await sent_to_people(peer, scope=other)
        with pytest.raises(ServiceError, match="REVIEW_UNREADABLE"):
            await answer(peer)

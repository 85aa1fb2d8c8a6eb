"""A scope that needs several people: each votes, the last one signs, and the log's verifier agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from audit_svc.batch import Draft
from placet.approval import KeySet, SigningKey
from placet.approval.decision import open_decision
from placet.approval.envelope import decision_lines, first_line
from placet.audit.client import NO_BODIES, Appended
from placet.audit.record import Record
from placet.human_approval import Decision, Reviewer, Vote, approve
from placet.inputs import Input
from placet.rpc.errors import ServiceError
from placet.rpc.identity import reviewer_uri
from placet.rpc.tls import TlsFiles
from placet.scope import load_scope
from tests.fakes.audit_world import GUARD, World, Writer, verdict

DOCUMENT = b"""
apiVersion: placet/v1
kind: Scope
metadata: {name: payroll, version: 1, owner: hr}
purpose: Answer questions about salaries.
review: {quorum: %d}
"""
PROGRAM = b"print(1)\n"
KEYS = {name: SigningKey.generate() for name in ("kim", "lee", "max")}
REVIEWERS = KeySet(
    {key.key_id: key.public for key in KEYS.values()}, people={key.key_id: n for n, key in KEYS.items()}
)
NOWHERE = TlsFiles(Path("ca"), Path("certificate"), Path("key"))


@dataclass(frozen=True)
class As:
    """The log, as one reviewer reaches it."""

    writer: Writer
    name: str

    async def append(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        bodies: Mapping[str, bytes] = NO_BODIES,
        idempotency_key: str = "",
    ) -> Appended:
        draft = Draft(kind, request_id, reviewer_uri(self.name), body, bodies, idempotency_key)
        return await self.writer.sequencer.append(draft)


def decision(quorum: int, program: bytes = PROGRAM, inputs: tuple[Input, ...] = ()) -> Decision:
    return Decision(program, inputs, load_scope(DOCUMENT % quorum), "local", "looked at it", "req-1")


async def decide(world: World, log: Writer, name: str, about: Decision) -> bytes:
    async def votes_on(program: str) -> Sequence[Vote]:
        with world.reader() as reader:
            found = [(Record.decode(entry.leaf), reader.bodies(entry.index)) for entry in reader.entries()]
        return [
            Vote(record, next((body.content for body in bodies if body.role == "decision"), b""))
            for record, bodies in found
            if record.kind == "review_given" and record.body["program_sha256"] == program
        ]

    reviewer = Reviewer(name, KEYS[name], NOWHERE)
    return await approve(about, reviewer, As(log, name), votes_on)


async def guard_says(log: Writer, about: Decision) -> None:
    scope = {"name": about.scope.name, "version": about.scope.version, "sha256": about.scope.sha256.hex()}
    quorum = about.scope.review.quorum
    await log.append(GUARD, "verdict_reached", verdict(verdict="NEEDS_REVIEW", scope=scope, quorum=quorum))


async def test_one_of_two_gets_no_approval_and_the_second_does(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await guard_says(log, decision(2))
        with pytest.raises(ServiceError) as refused:
            await decide(world, log, "kim", decision(2))
        approval = await decide(world, log, "lee", decision(2))
    report = world.verify(reviewers=REVIEWERS)

    assert refused.value.reason == "QUORUM_MISSING"
    assert "1 of 2 people" in refused.value.message
    signed = [open_decision(line, REVIEWERS).decision.decided_by for line in decision_lines(approval)]
    assert signed == ["human:lee", "human:kim"]
    assert first_line(approval) != approval
    assert report.people_signed == 2
    assert report.ok, report.first_break
    assert report.summary.kinds["review_given"] == 2


async def test_the_same_person_twice_is_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        for _ in range(3):
            with pytest.raises(ServiceError, match="1 of 2 people"):
                await decide(world, log, "kim", decision(2))

    assert world.verify().approvals == 0


async def test_a_vote_on_another_program_or_scope_does_not_count(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        for about in (decision(2, b"print(2)\n"), decision(3)):
            with pytest.raises(ServiceError):
                await decide(world, log, "lee", about)
        with pytest.raises(ServiceError, match="1 of 2 people"):
            await decide(world, log, "kim", decision(2))


async def test_a_vote_for_other_inputs_does_not_count(tmp_path: Path) -> None:
    """Who allowed a program for sales did not allow it for salaries."""
    world = World(tmp_path)
    async with world.writing() as log:
        with pytest.raises(ServiceError):
            await decide(world, log, "lee", decision(2, inputs=(Input("sales.csv", b"1"),)))
        with pytest.raises(ServiceError, match="1 of 2 people"):
            await decide(world, log, "kim", decision(2, inputs=(Input("salaries.csv", b"2"),)))


async def test_what_no_guard_has_looked_at_takes_as_many_as_the_gravest_finding_would(tmp_path: Path) -> None:
    """docs/scope-format.md, `review.quorum_by_severity`."""
    scope = load_scope((DOCUMENT % 1).replace(b"quorum: 1", b"quorum: 1, quorum_by_severity: {HIGH: 2}"))
    world = World(tmp_path)
    async with world.writing() as log:
        about = replace(decision(1), scope=scope)
        with pytest.raises(ServiceError, match="1 of 2 people"):
            await decide(world, log, "kim", about)
        assert await decide(world, log, "lee", about)


async def test_where_one_is_enough_nobody_votes(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        assert await decide(world, log, "kim", decision(1))

    assert [entry.kind for entry in world.entries()] == ["verdict_reached", "approval_issued"]
    assert world.verify().ok

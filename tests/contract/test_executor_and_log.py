"""The executor's core on the real audit log: spending over a restart, and a run that verifies offline."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit_svc.batch import Draft
from placet.approval import Approval, ApprovalRefused
from placet.approval.envelope import open_envelope
from placet.audit.client import NO_BODIES, Appended
from tests.fakes import audit_world
from tests.fakes.approvals import INPUTS, KEY, PROGRAM, World, digests, good_approval, signed
from tests.fakes.audit_world import EXECUTOR, GUARD, Writer
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox, artifact


@dataclass(frozen=True)
class LogAsExecutor:
    """AuditLog without the wire."""

    writer: Writer

    async def append(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        bodies: Mapping[str, bytes] = NO_BODIES,
        idempotency_key: str = "",
    ) -> Appended:
        draft = Draft(kind, request_id, EXECUTOR, body, bodies, idempotency_key)
        return await self.writer.sequencer.append(draft)


async def approved(writer: Writer) -> World:
    """A world with an approval that the guard put on record a moment ago."""
    now = datetime.now(UTC)
    approval = good_approval(issued_at=now, expires_at=now + timedelta(minutes=5))
    document = signed(approval)
    world = World(approval=document, now=now)
    await issue(writer, approval, open_envelope(document, world.keys))
    return world


async def issue(writer: Writer, approval: Approval, statement: bytes) -> None:
    """verdict_reached and approval_issued."""
    scope = approval.scope
    same = {
        "program_sha256": approval.program_sha256.hex(),
        "scope": {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()},
    }
    reached = await writer.append(GUARD, "verdict_reached", audit_world.verdict(**same), program=PROGRAM)
    issued = audit_world.approval(
        reached,
        **same,
        approval_id=approval.approval_id,
        key_id=KEY.key_id,
        statement_sha256=hashlib.sha256(statement).hexdigest(),
        issued_at=approval.issued_at.isoformat().replace("+00:00", "Z"),
        expires_at=approval.expires_at.isoformat().replace("+00:00", "Z"),
        inputs=[{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in digests(INPUTS)],
    )
    await writer.append(GUARD, "approval_issued", issued, statement=statement)


async def try_to_run(writer: Writer, sandbox: FakeSandbox, world: World) -> str:
    """APPROVAL_… or how it ended."""
    try:
        finished = await runner(LogAsExecutor(writer), sandbox, world).run(world.request, Listener())
    except ApprovalRefused as refusal:
        return refusal.reason
    return finished.result.status.value


async def test_a_run_verifies_offline(tmp_path: Path) -> None:
    """The records of the executor fit those of the guard."""
    log = audit_world.World(tmp_path)
    sandbox = FakeSandbox(stdout=b"1\n", stderr=b"w\n", artifacts=(artifact("f.png", b"png"),))
    async with log.writing() as writer:
        assert await try_to_run(writer, sandbox, await approved(writer)) == "EXITED"
    report = log.verify()

    assert report.ok, report.first_break
    assert report.runs_finished == 1


async def test_an_approval_stays_spent_over_a_restart_of_the_log(tmp_path: Path) -> None:
    """Nothing in memory remembers it."""
    log, sandbox = audit_world.World(tmp_path), FakeSandbox()
    async with log.writing() as writer:
        world = await approved(writer)
        first = await try_to_run(writer, sandbox, world)
    async with log.writing() as writer:
        second = await try_to_run(writer, sandbox, world)

    assert (first, second) == ("EXITED", "APPROVAL_SPENT")
    assert len(sandbox.runs) == 1
    assert log.verify().ok


async def test_of_a_hundred_at_once_exactly_one_runs(tmp_path: Path) -> None:
    """Ninety-nine refusals on record, one run, and the log verifies."""
    log, sandbox = audit_world.World(tmp_path), FakeSandbox()
    async with log.writing() as writer:
        world = await approved(writer)
        outcomes = await asyncio.gather(*(try_to_run(writer, sandbox, world) for _ in range(100)))

    assert outcomes.count("EXITED") == 1
    assert outcomes.count("APPROVAL_SPENT") == 99
    assert len(sandbox.runs) == 1
    assert log.verify().ok


@pytest.mark.parametrize("broken", [True, False], ids=["sandbox broken", "caller left"])
async def test_a_run_without_a_result_verifies_too(tmp_path: Path, broken: bool) -> None:
    """run_aborted and CANCELLED are ends that the state machine knows."""
    log, sandbox = audit_world.World(tmp_path), FakeSandbox(hang=not broken)
    if broken:
        sandbox.break_down()
    async with log.writing() as writer:
        world = await approved(writer)
        core = runner(LogAsExecutor(writer), sandbox, world)
        running = asyncio.create_task(core.run(world.request, Listener()))
        await sandbox.running.wait()
        if not broken:
            running.cancel()
        await asyncio.wait([running])
        await core.settle()
        assert running.cancelled() or running.exception()

    assert log.verify().ok

"""What the guard records so that a person can allow exactly what it would have (docs/audit-format.md §16)."""

from __future__ import annotations

import hashlib
import json

import pytest

from guard_svc.findings import Finding, Severity
from guard_svc.policy import Decision, Verdict
from placet.approval import InputDigest
from placet.audit.record import MAX_BODY_JSON_BYTES, canonical
from tests.fakes.guard_world import HARMFUL, HARMLESS, deadline, order, scope, world
from tests.fakes.memory_log import MemoryRecord

INPUTS = (InputDigest("sales.csv", b"\x01" * 32, 22),)


def decided(verdict: Verdict, *severities: Severity, message: str = "m") -> Decision:
    found = tuple(Finding("a.b", s, 1, 1, message, "rule", message) for s in severities)
    return Decision(
        verdict, 50, found, "rules", "skipped", rules_complete=True, capabilities=("import:numpy",)
    )


async def recorded(monkeypatch: pytest.MonkeyPatch, decision: Decision, **changes: object) -> MemoryRecord:
    found = world()

    async def decide(*_: object) -> Decision:
        return decision

    monkeypatch.setattr(type(found.guard), "_decide", decide)
    await found.guard.review(order(HARMLESS, inputs=INPUTS, **changes), deadline())
    return found.log.of("verdict_reached")[0]


async def test_an_item_holds_scope_task_and_proposal(monkeypatch: pytest.MonkeyPatch) -> None:
    """§16: the bodies of an item."""
    record = await recorded(monkeypatch, decided(Verdict.NEEDS_REVIEW, Severity.MEDIUM), audience="gpu")
    proposal = json.loads(record.bodies["proposal"])

    assert record.bodies["scope"] == scope().document
    assert hashlib.sha256(record.bodies["scope"]).hexdigest() == record.body["scope"]["sha256"]  # type: ignore[index]
    assert hashlib.sha256(record.bodies["task"]).hexdigest() == record.body["task_sha256"]
    assert hashlib.sha256(record.bodies["proposal"]).hexdigest() == record.body["proposal_sha256"]
    assert canonical(proposal) == record.bodies["proposal"]
    assert proposal == {
        "audience": ["gpu"],
        "grants": ["import:numpy"],
        "inputs": [{"name": "sales.csv", "sha256": "01" * 32, "size": 22}],
        "limits": scope().limits.model_dump(),
        "min_tier": "T1",
    }
    assert record.body["inputs"] == proposal["inputs"]


async def test_a_proposal_names_the_guards_own_pool_when_none_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = await recorded(monkeypatch, decided(Verdict.NEEDS_REVIEW))

    assert json.loads(record.bodies["proposal"])["audience"] == ["local"]


@pytest.mark.parametrize("verdict", [Verdict.ALLOWED, Verdict.DENIED])
async def test_other_verdicts_ask_nobody(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> None:
    record = await recorded(monkeypatch, decided(verdict))

    assert set(record.bodies) == {"program", "findings"}
    assert "proposal_sha256" not in record.body


@pytest.mark.parametrize(
    ("severities", "quorum"),
    [((), 2), ((Severity.LOW,), 2), ((Severity.MEDIUM,), 4), ((Severity.MEDIUM, Severity.HIGH), 4)],
)
async def test_the_larger_quorum_counts(
    monkeypatch: pytest.MonkeyPatch, severities: tuple[Severity, ...], quorum: int
) -> None:
    """docs/scope-format.md: by scope, and by the gravest finding."""
    judged = scope(review="{quorum: 2, quorum_by_severity: {MEDIUM: 4, HIGH: 3, LOW: 1}}")
    record = await recorded(monkeypatch, decided(Verdict.NEEDS_REVIEW, *severities), scope=judged)

    assert record.body["quorum"] == quorum


async def test_findings_make_room_for_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record has a bound (docs/audit-format.md §1.3); the body has all findings."""
    found = decided(Verdict.NEEDS_REVIEW, *[Severity.MEDIUM] * 50, message="ü" * 200)
    many = tuple(InputDigest("ü" * 60 + f"{n:04}", bytes([n]) * 32, n) for n in range(64))
    guard = world()

    async def decide(*_: object) -> Decision:
        return found

    monkeypatch.setattr(type(guard.guard), "_decide", decide)
    await guard.guard.review(order(HARMFUL, inputs=many), deadline())
    record = guard.log.of("verdict_reached")[0]

    assert len(canonical(record.body)) <= MAX_BODY_JSON_BYTES
    assert len(record.body["inputs"]) == 64  # type: ignore[arg-type]
    assert 0 < len(record.body["findings"]) < 50  # type: ignore[arg-type]
    assert len(json.loads(record.bodies["findings"])) == 50

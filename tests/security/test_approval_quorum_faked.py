"""Attack: one person, or console and log together, pretend to be several (docs/approval-format.md §4.5)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from executor_svc.admission import admit
from executor_svc.people import MAX_DECISION_AGE, Quorum
from executor_svc.records import started
from placet.approval import ApprovalRefused, InputDigest, KeySet, LogRef, ScopeRef, SigningKey
from placet.approval.decision import Decision, sign_decision
from placet.approval.envelope import approval_file
from tests.fakes.approvals import (
    INPUTS,
    KEY,
    NOW,
    PROGRAM,
    SCOPE,
    World,
    digests,
    good_approval,
    known,
    signed,
)
from tests.security.test_admission_steps_all_matter import no_spending

KIM, LEE, MAX = (SigningKey.generate() for _ in range(3))
PEOPLE = KeySet(
    {key.key_id: key.public for key in (KEY, KIM, LEE, MAX)},
    people={KIM.key_id: "kim", LEE.key_id: "lee", MAX.key_id: "max"},
)
TWO = Quorum(2, 2)
BY_SEVERITY = Quorum(1, 3)


def world(quorum: Quorum, *decisions: bytes, by: str = "human:kim", key: SigningKey = KIM) -> World:
    """kim's approval, with decisions."""
    approval = signed(good_approval(decided_by=by), key)
    scopes = replace(known(SCOPE.sha256), quorums={SCOPE.sha256: quorum})
    return World(approval=approval_file(approval, *decisions), keys=PEOPLE, scopes=scopes)


def says(name: str, key: SigningKey, **change: Any) -> bytes:
    """A decision that fits."""
    made = Decision(
        verdict="ALLOWED",
        decided_by=f"human:{name}",
        decided_at=NOW - timedelta(minutes=1),
        reason="read it",
        program_sha256=hashlib.sha256(PROGRAM).digest(),
        scope=SCOPE,
        inputs=digests(INPUTS),
        quorum=2,
        request_id="request-1",
        reviewed=LogRef("placet.local/log", 6, b"\x06" * 32),
    )
    return sign_decision(replace(made, **change), key)


KIMS = says("kim", KIM)
ATTACKS: dict[str, tuple[World, str]] = {
    "nobody's decision": (world(TWO), "APPROVAL_QUORUM_MISSING"),
    "one's own decision alone": (world(TWO, KIMS), "APPROVAL_QUORUM_MISSING"),
    "one's own decision twice": (world(TWO, KIMS, says("kim", KIM)), "APPROVAL_QUORUM_MISSING"),
    "decisions of two others, and none of one's own": (
        world(TWO, says("lee", LEE), says("max", MAX)),
        "APPROVAL_QUORUM_MISSING",
    ),
    "another's name under one's own key": (world(TWO, KIMS, says("lee", KIM)), "APPROVAL_SIGNER_WRONG"),
    "another's name under the guard's key": (world(TWO, KIMS, says("lee", KEY)), "APPROVAL_SIGNER_WRONG"),
    "another's name under a new key": (
        world(TWO, KIMS, says("lee", SigningKey.generate())),
        "APPROVAL_KEY_UNKNOWN",
    ),
    "a denial": (world(TWO, KIMS, says("lee", LEE, verdict="DENIED")), "APPROVAL_DECISION_UNFIT"),
    "a decision on another program": (
        world(TWO, KIMS, says("lee", LEE, program_sha256=b"\x01" * 32)),
        "APPROVAL_DECISION_UNFIT",
    ),
    "a decision in another scope": (
        world(TWO, KIMS, says("lee", LEE, scope=ScopeRef("data-analysis", 3, b"\x01" * 32))),
        "APPROVAL_DECISION_UNFIT",
    ),
    "a decision for other inputs": (
        world(TWO, KIMS, says("lee", LEE, inputs=(InputDigest("salaries.csv", b"\x01" * 32, 9),))),
        "APPROVAL_DECISION_UNFIT",
    ),
    "a decision about what somebody else asked for": (
        world(TWO, KIMS, says("lee", LEE, request_id="request-2")),
        "APPROVAL_DECISION_UNFIT",
    ),
    "a decision of last year": (
        world(TWO, KIMS, says("lee", LEE, decided_at=NOW - MAX_DECISION_AGE - timedelta(minutes=1))),
        "APPROVAL_DECISION_UNFIT",
    ),
    "a decision of tomorrow": (
        world(TWO, KIMS, says("lee", LEE, decided_at=NOW + timedelta(days=1))),
        "APPROVAL_DECISION_UNFIT",
    ),
    "no decision where grave findings need several": (world(BY_SEVERITY), "APPROVAL_QUORUM_MISSING"),
    "fewer than those who decided were told": (
        world(BY_SEVERITY, says("kim", KIM, quorum=2)),
        "APPROVAL_QUORUM_MISSING",
    ),
    "fewer than another who decided was told": (
        world(BY_SEVERITY, says("kim", KIM, quorum=1), says("lee", LEE, quorum=3)),
        "APPROVAL_QUORUM_MISSING",
    ),
    "a decision that no guard's verdict stands behind": (
        world(BY_SEVERITY, says("kim", KIM, quorum=1, reviewed=None)),
        "APPROVAL_QUORUM_MISSING",
    ),
    "a scope that this executor cannot read": (
        replace(world(TWO, KIMS, says("lee", LEE)), scopes=known(SCOPE.sha256)),
        "APPROVAL_QUORUM_MISSING",
    ),
    "a person's key under a guard's decision": (world(TWO, by="rules+reviewer"), "APPROVAL_SIGNER_WRONG"),
    "a person's key under another's decision": (
        world(Quorum(1, 1), by="human:lee"),
        "APPROVAL_SIGNER_WRONG",
    ),
    "an approval in the place of a decision": (
        world(TWO, KIMS, signed(good_approval(decided_by="human:lee"), LEE)),
        "APPROVAL_MALFORMED",
    ),
    "decisions beside a guard's own approval": (
        world(TWO, KIMS, by="rules+reviewer", key=KEY),
        "APPROVAL_DECISION_UNFIT",
    ),
    "a line that is nothing": (world(TWO, KIMS, b""), "APPROVAL_MALFORMED"),
    "six decisions": (world(TWO, *[KIMS] * 6), "APPROVAL_MALFORMED"),
    "a revoked key": (
        replace(
            world(TWO, KIMS, says("lee", LEE)),
            keys=KeySet(PEOPLE.trusted, frozenset({LEE.key_id}), PEOPLE.people),
        ),
        "APPROVAL_KEY_REVOKED",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_nothing_runs(attack: str) -> None:
    attempted, reason = ATTACKS[attack]
    with pytest.raises(ApprovalRefused) as refused:
        await admit(attempted.case, no_spending)

    assert refused.value.reason == reason


async def test_the_log_is_told_whose_decisions_were_taken() -> None:
    """§4.5: `run_started` names the decisions by their digests."""
    lees = says("lee", LEE)
    permit = await admit(world(TWO, KIMS, lees).case, no_spending)

    assert started(permit.start)["decisions"] == [hashlib.sha256(each).hexdigest() for each in (KIMS, lees)]
    assert "decisions" not in started((await admit(world(Quorum(1, 1)).case, no_spending)).start)


@pytest.mark.parametrize(
    "enough",
    [
        world(TWO, KIMS, says("lee", LEE)),
        world(TWO, says("lee", LEE), KIMS, says("max", MAX)),
        world(BY_SEVERITY, says("kim", KIM, quorum=1)),
        world(BY_SEVERITY, *(says(n, k, quorum=3) for n, k in (("kim", KIM), ("lee", LEE), ("max", MAX)))),
        world(Quorum(1, 1)),
        world(Quorum(1, 1), KIMS, says("lee", LEE)),
        world(TWO, by="rules+reviewer", key=KEY),
    ],
)
async def test_enough_people_are_enough(enough: World) -> None:
    """Not an attack; the guard's own approvals need nobody."""
    assert await admit(enough.case, no_spending)

"""A person's decision: docs/approval-format.md §5."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from placet.approval import ApprovalRefused, InputDigest, KeySet, LogRef, ScopeRef, SigningKey
from placet.approval.decision import Decision, open_decision, same_inputs, sign_decision
from placet.approval.envelope import sign
from tests.fakes.approvals import good_approval, tampered

KIM, GUARD = SigningKey.generate(), SigningKey.generate()
KEYS = KeySet({key.key_id: key.public for key in (KIM, GUARD)}, people={KIM.key_id: "kim"})
GOOD = Decision(
    verdict="ALLOWED",
    decided_by="human:kim",
    decided_at=datetime(2026, 5, 4, 12, 0, 0, 1, tzinfo=UTC),
    reason="reads its input only\nand prints a mean – geprüft",
    program_sha256=b"\x01" * 32,
    scope=ScopeRef("data-analysis", 3, b"\x02" * 32),
    inputs=(InputDigest("sales.csv", b"\x03" * 32, 9),),
    quorum=2,
    request_id="req-1",
    reviewed=LogRef("placet.local/log", 7, b"\x04" * 32),
    review_token=b"\x05" * 32,
)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    statement = json.loads(GOOD.to_bytes())
    change(statement)
    return json.dumps(statement).encode()


@pytest.mark.parametrize(
    "made",
    [GOOD, replace(GOOD, verdict="DENIED", inputs=()), replace(GOOD, reviewed=None, review_token=None)],
)
def test_what_is_written_is_what_is_read(made: Decision) -> None:
    assert Decision.from_bytes(made.to_bytes()) == made


def test_it_is_an_in_toto_statement_with_a_predicate_type_of_its_own() -> None:
    """§5.1."""
    statement = json.loads(GOOD.to_bytes())

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://placet.dev/attestation/review/v1"
    assert statement["subject"] == [{"name": "program.py", "digest": {"sha256": "01" * 32}}]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(predicateType="https://placet.dev/attestation/approval/v1"),
        lambda s: s["subject"].append(s["subject"][0]),
        lambda s: s["subject"][0].update(name="other.py"),
        lambda s: s.update(more=1),
        lambda s: s["predicate"].update(more=1),
        lambda s: s["predicate"].pop("quorum"),
        lambda s: s["predicate"].update(quorum=0),
        lambda s: s["predicate"].update(quorum=6),
        lambda s: s["predicate"].update(quorum=True),
        lambda s: s["predicate"].update(verdict="NEEDS_REVIEW"),
        lambda s: s["predicate"].update(verdict="allowed"),
        lambda s: s["predicate"].update(decidedBy="kim"),
        lambda s: s["predicate"].update(decidedBy="rules"),
        lambda s: s["predicate"].update(decidedBy="human:"),
        lambda s: s["predicate"].update(decidedBy="human:kim lee"),
        lambda s: s["predicate"].update(decidedAt="2026-05-04T12:00:00Z"),
        lambda s: s["predicate"].update(reason=""),
        lambda s: s["predicate"].update(reason=" \n\t"),
        lambda s: s["predicate"].update(reason="a\0"),
        lambda s: s["predicate"].update(reason="x" * 2001),
        lambda s: s["predicate"].update(reviewed=None),
        lambda s: s["predicate"]["reviewed"].update(index="7"),
        lambda s: s["predicate"]["reviewed"].pop("leafHash"),
        lambda s: s["predicate"].update(reviewToken="0" * 63),
        lambda s: s["predicate"]["inputs"].append(s["predicate"]["inputs"][0]),
        lambda s: s["predicate"]["inputs"][0].update(name="../sales.csv"),
        lambda s: s["predicate"].update(requestId="a b"),
    ],
)
def test_a_statement_of_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    """§5.2: these members and no others."""
    with pytest.raises(ApprovalRefused, match="APPROVAL_MALFORMED"):
        Decision.from_bytes(changed(change))


def test_a_repeated_key_is_refused() -> None:
    """§3.1 holds as well."""
    twice = GOOD.to_bytes().replace(b'"verdict":"ALLOWED"', b'"verdict":"DENIED","verdict":"ALLOWED"')
    with pytest.raises(ApprovalRefused, match="repeats a key"):
        Decision.from_bytes(twice)


def test_an_approval_is_no_decision() -> None:
    with pytest.raises(ApprovalRefused, match="predicateType"):
        Decision.from_bytes(good_approval(decided_by="human:kim").to_bytes())


@pytest.mark.parametrize(
    "change",
    [
        {"reason": ""},
        {"quorum": 9},
        {"decided_at": datetime(2026, 5, 4, tzinfo=timezone(timedelta(hours=1)))},
    ],
)
def test_what_nobody_could_read_is_not_written(change: dict[str, Any]) -> None:
    if "decided_at" in change:  # the same moment in another zone reads back as the same moment
        assert Decision.from_bytes(replace(GOOD, **change).to_bytes()).decided_at == change["decided_at"]
        return
    with pytest.raises(ValueError, match="not a valid decision"):
        replace(GOOD, **change).to_bytes()


def test_a_persons_own_key_is_the_one_that_counts() -> None:
    """§5.3."""
    found = open_decision(sign_decision(GOOD, KIM), KEYS)

    assert (found.decision, found.key_id) == (GOOD, KIM.key_id)


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (sign_decision(GOOD, GUARD), "APPROVAL_SIGNER_WRONG"),
        (sign_decision(replace(GOOD, decided_by="human:lee"), KIM), "APPROVAL_SIGNER_WRONG"),
        (sign_decision(GOOD, SigningKey.generate()), "APPROVAL_KEY_UNKNOWN"),
        (tampered(sign_decision(GOOD, KIM), lambda e: e.update(signatures=[])), "APPROVAL_UNSIGNED"),
        (sign(good_approval(decided_by="human:kim").to_bytes(), KIM), "APPROVAL_MALFORMED"),
        (b"", "APPROVAL_MISSING"),
        (b"{}", "APPROVAL_MALFORMED"),
        (b"x" * 70_000, "APPROVAL_TOO_LARGE"),
    ],
)
def test_any_other_signature_does_not_count(signed: bytes, reason: str) -> None:
    """§5.3."""
    with pytest.raises(ApprovalRefused) as refused:
        open_decision(signed, KEYS)

    assert refused.value.reason == reason


def test_a_revoked_key_does_not_count() -> None:
    """§1.3."""
    with pytest.raises(ApprovalRefused, match="APPROVAL_KEY_REVOKED"):
        open_decision(
            sign_decision(GOOD, KIM), KeySet(KEYS.trusted, frozenset({KIM.key_id}), people=KEYS.people)
        )


def test_a_changed_statement_does_not_count() -> None:
    payload = base64.b64encode(replace(GOOD, verdict="DENIED").to_bytes()).decode()
    with pytest.raises(ApprovalRefused, match="APPROVAL_SIGNATURE_INVALID"):
        open_decision(tampered(sign_decision(GOOD, KIM), lambda e: e.update(payload=payload)), KEYS)


def test_inputs_are_the_same_in_any_order() -> None:
    a, b = InputDigest("a", b"\x01" * 32, 1), InputDigest("b", b"\x02" * 32, 1)

    assert same_inputs((a, b), (b, a))
    assert not same_inputs((a, b), (a,))
    assert not same_inputs((a,), (replace(a, sha256=b"\x03" * 32),))

"""The statement: docs/approval-format.md §3."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from placet.approval import Approval, ApprovalRefused, InputDigest, Limits
from tests.fakes.approvals import NOW, good_approval


def read_with(change) -> Approval:
    statement = json.loads(good_approval().to_bytes())
    change(statement["predicate"], statement)
    return Approval.from_bytes(json.dumps(statement).encode())


def test_it_reads_back_as_it_was() -> None:
    approval = good_approval(decided_by="human:ada", inputs=())

    assert Approval.from_bytes(approval.to_bytes()) == approval


def test_it_is_an_in_toto_statement_on_the_program() -> None:
    """§3.2 and §3.3."""
    approval = good_approval()
    statement = json.loads(approval.to_bytes())

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://placet.dev/attestation/approval/v1"
    assert statement["subject"] == [
        {"name": "program.py", "digest": {"sha256": approval.program_sha256.hex()}}
    ]
    assert statement["predicate"]["issuedAt"] == "2026-05-04T11:59:50.000000Z"


CHANGES = {
    "unknown member of the statement": lambda p, s: s.update(more=1),
    "unknown member of a nested object": lambda p, s: p["scope"].update(more=1),
    "unknown member of an input": lambda p, s: p["inputs"][0].update(more=1),
    "unknown limit": lambda p, s: p["limits"].update(pids=1),
    "member missing": lambda p, s: p.pop("audience"),
    "no audience": lambda p, s: p.update(audience=[]),
    "audience as text": lambda p, s: p.update(audience="local"),
    "null": lambda p, s: p.update(decidedBy=None),
    "other decision": lambda p, s: p.update(decidedBy="nobody"),
    "float": lambda p, s: p["limits"].update(wallS=30.0),
    "true as a number": lambda p, s: p["limits"].update(wallS=True),
    "negative": lambda p, s: p["limits"].update(cpuS=-1),
    "beyond 2**53": lambda p, s: p["limits"].update(cpuS=2**53),
    "digest in capitals": lambda p, s: p.update(findingsSha256="A" * 64),
    "digest too short": lambda p, s: p["scope"].update(sha256="a" * 63),
    "short approval id": lambda p, s: p.update(approvalId="ab"),
    "time without Z": lambda p, s: p.update(expiresAt="2026-05-04T12:04:50.000000+00:00"),
    "time without decimals": lambda p, s: p.update(expiresAt="2026-05-04T12:04:50Z"),
    "no such day": lambda p, s: p.update(expiresAt="2026-02-30T12:04:50.000000Z"),
    "arabic digits in a time": lambda p, s: p.update(expiresAt="202٦-05-04T12:04:50.000000Z"),
    "expires when issued": lambda p, s: p.update(expiresAt=p["issuedAt"]),
    "tier unknown": lambda p, s: p.update(minTier="T9"),
    "no subject": lambda p, s: s.update(subject=[]),
    "subject of another name": lambda p, s: s["subject"][0].update(name="other.py"),
    "policy of another scope": lambda p, s: p["verifier"]["policies"][0]["digest"].update(sha256="0" * 64),
    "no policy": lambda p, s: p["verifier"].update(policies=[]),
    "an input twice": lambda p, s: p.update(inputs=p["inputs"] * 2),
    "65 inputs": lambda p, s: p.update(inputs=[{**p["inputs"][0], "name": f"{i}.csv"} for i in range(65)]),
    "input as a path": lambda p, s: p["inputs"][0].update(name="../sales.csv"),
    "hidden input": lambda p, s: p["inputs"][0].update(name=".bashrc"),
    "input name with a zero byte": lambda p, s: p["inputs"][0].update(name="a\0b"),
    "input name too long": lambda p, s: p["inputs"][0].update(name="é" * 65),
    "lone surrogate": lambda p, s: p["inputs"][0].update(name="\ud800"),
    "request id with a space": lambda p, s: p.update(requestId="a b"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_breaks_the_format_is_malformed(change) -> None:
    """§3.1 to §3.7."""
    with pytest.raises(ApprovalRefused) as refused:
        read_with(change)

    assert refused.value.reason == "APPROVAL_MALFORMED"


@pytest.mark.parametrize(
    "bad",
    [
        replace(good_approval(), expires_at=NOW - timedelta(days=1)),
        replace(good_approval(), issued_at=datetime(2026, 5, 4)),
        replace(good_approval(), limits=Limits(0, 1, 1, 1, 1, 1)),
        replace(good_approval(), inputs=(InputDigest("a/b", b"\0" * 32, 1),)),
        replace(good_approval(), audience=()),
    ],
)
def test_the_writer_refuses_what_no_reader_would_take(bad: Approval) -> None:
    """So a guard's mistake shows in the guard."""
    with pytest.raises(ValueError):
        bad.to_bytes()


def test_limits_name_what_is_above_a_ceiling() -> None:
    ceiling = Limits(10, 10, 10, 10, 10, 10)

    assert Limits(10, 10, 10, 10, 10, 10).above(ceiling) == ()
    assert Limits(11, 1, 1, 1, 1, 11).above(ceiling) == ("wall_s", "artifact_mib")

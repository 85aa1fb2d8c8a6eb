"""Whatever is wrong with an approval, its request runs nothing, and each wrong has its own reason.

Each case goes through the whole core: admission, record, sandbox.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from executor_svc.admission import Pool
from executor_svc.sandbox import InputFile
from executor_svc.trust import KnownScopes
from placet.approval import ApprovalRefused, KeySet, Limits
from tests.fakes.approvals import (
    CEILING,
    INPUTS,
    KEY,
    NOW,
    OTHER_KEY,
    PROGRAM,
    SCOPE,
    World,
    foreign,
    good_approval,
    resigned,
    signed,
    tampered,
)
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.memory_log import MemoryLog

GOOD = World()


def bom_case() -> World:
    """The approved program, but with a byte order mark before it."""
    return replace(GOOD, program=b"\xef\xbb\xbf" + PROGRAM)


CASES = {
    "no approval": (replace(GOOD, approval=b""), "APPROVAL_MISSING"),
    "one byte of the program changed": (
        replace(GOOD, program=PROGRAM.replace(b"mean", b"meam")),
        "APPROVAL_DIGEST_MISMATCH",
    ),
    "CRLF line ends": (replace(GOOD, program=PROGRAM.replace(b"\n", b"\r\n")), "APPROVAL_DIGEST_MISMATCH"),
    "a byte order mark": (bom_case(), "APPROVAL_DIGEST_MISMATCH"),
    "a space at the end": (replace(GOOD, program=PROGRAM + b" "), "APPROVAL_DIGEST_MISMATCH"),
    "the approval of another program": (
        replace(GOOD, approval=signed(good_approval(program_sha256=b"\0" * 32))),
        "APPROVAL_DIGEST_MISMATCH",
    ),
    "input changed": (
        replace(GOOD, inputs=(InputFile.of("sales.csv", b"region,price\nnorth,2\n"),)),
        "APPROVAL_INPUT_CHANGED",
    ),
    "input missing": (replace(GOOD, inputs=()), "APPROVAL_INPUT_MISSING"),
    "input too many": (
        replace(GOOD, inputs=(*INPUTS, InputFile.of("more.csv", b"x"))),
        "APPROVAL_INPUT_EXTRA",
    ),
    "input sent twice": (replace(GOOD, inputs=INPUTS * 2), "APPROVAL_INPUT_EXTRA"),
    "input renamed": (
        replace(GOOD, inputs=(replace(INPUTS[0], name="Sales.csv"),)),
        "APPROVAL_INPUT_MISSING",
    ),
    "expired this very moment": (
        replace(GOOD, approval=signed(good_approval(expires_at=NOW))),
        "APPROVAL_EXPIRED",
    ),
    "not yet valid": (
        replace(GOOD, approval=signed(good_approval(issued_at=NOW + timedelta(seconds=6)))),
        "APPROVAL_NOT_YET_VALID",
    ),
    "for another pool": (
        replace(GOOD, approval=signed(good_approval(audience=("eu-1", "eu-2")))),
        "APPROVAL_AUDIENCE_WRONG",
    ),
    "for a pool whose name begins like ours": (
        replace(GOOD, approval=signed(good_approval(audience=("local2",)))),
        "APPROVAL_AUDIENCE_WRONG",
    ),
    "unknown key": (replace(GOOD, approval=signed(key=OTHER_KEY)), "APPROVAL_KEY_UNKNOWN"),
    "nobody is trusted": (replace(GOOD, keys=KeySet({})), "APPROVAL_KEY_UNKNOWN"),
    "unknown key under a trusted key's id": (
        replace(
            GOOD,
            approval=tampered(signed(key=OTHER_KEY), lambda e: e["signatures"][0].update(keyid=KEY.key_id)),
        ),
        "APPROVAL_SIGNATURE_INVALID",
    ),
    "revoked key": (
        replace(GOOD, keys=KeySet.of(KEY.public, revoked=frozenset({KEY.key_id}))),
        "APPROVAL_KEY_REVOKED",
    ),
    "revoked key under another id": (
        replace(
            GOOD,
            keys=KeySet.of(KEY.public, OTHER_KEY.public, revoked=frozenset({KEY.key_id})),
            approval=tampered(signed(), lambda e: e["signatures"][0].update(keyid=OTHER_KEY.key_id)),
        ),
        "APPROVAL_KEY_REVOKED",
    ),
    "revoked key whose file was removed": (
        replace(GOOD, keys=KeySet.of(OTHER_KEY.public, revoked=frozenset({KEY.key_id}))),
        "APPROVAL_KEY_REVOKED",
    ),
    "signatures stripped": (
        replace(GOOD, approval=tampered(signed(), lambda e: e.update(signatures=[]))),
        "APPROVAL_UNSIGNED",
    ),
    "signature emptied": (
        replace(GOOD, approval=tampered(signed(), lambda e: e["signatures"][0].update(sig=""))),
        "APPROVAL_UNSIGNED",
    ),
    "signature of another approval": (
        replace(
            GOOD,
            approval=tampered(signed(), lambda e: e.update(signatures=json.loads(signed())["signatures"])),
        ),
        "APPROVAL_SIGNATURE_INVALID",
    ),
    "foreign payload type": (replace(GOOD, approval=foreign()), "APPROVAL_TYPE_FOREIGN"),
    "payload type renamed after signing": (
        replace(
            GOOD, approval=tampered(foreign(), lambda e: e.update(payloadType="application/vnd.in-toto+json"))
        ),
        "APPROVAL_SIGNATURE_INVALID",
    ),
    "foreign predicate type": (
        replace(GOOD, approval=resigned(lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"))),
        "APPROVAL_MALFORMED",
    ),
    "unknown scope": (replace(GOOD, scopes=KnownScopes(frozenset())), "APPROVAL_SCOPE_UNKNOWN"),
    "retired scope": (
        replace(GOOD, scopes=KnownScopes(frozenset({SCOPE.sha256}), frozenset({SCOPE.sha256}))),
        "APPROVAL_SCOPE_RETIRED",
    ),
    "limits raised above the ceiling": (
        replace(GOOD, approval=signed(good_approval(limits=Limits(61, 20, 512, 1024, 16, 20)))),
        "APPROVAL_LIMITS_EXCEEDED",
    ),
    "limits raised after signing": (
        replace(
            GOOD,
            approval=tampered(
                signed(),
                lambda e: e.update(
                    payload=json.loads(resigned(lambda s: s["predicate"]["limits"].update(wallS=60)))[
                        "payload"
                    ]
                ),
            ),
        ),
        "APPROVAL_SIGNATURE_INVALID",
    ),
    "a limit of zero": (
        replace(GOOD, approval=resigned(lambda s: s["predicate"]["limits"].update(wallS=0))),
        "APPROVAL_MALFORMED",
    ),
    "isolation below the minimum": (
        replace(GOOD, approval=signed(good_approval(min_tier="T2"))),
        "APPROVAL_TIER_TOO_LOW",
    ),
    "isolation unknown": (replace(GOOD, pool=Pool("local", CEILING, "")), "APPROVAL_TIER_TOO_LOW"),
    "envelope one byte too large": (
        replace(GOOD, approval=signed().ljust(65_537)),
        "APPROVAL_TOO_LARGE",
    ),
    "no JSON": (replace(GOOD, approval=b"\xff{}"), "APPROVAL_MALFORMED"),
    "a JSON array": (replace(GOOD, approval=b"[]"), "APPROVAL_MALFORMED"),
    "nested to exhaustion": (replace(GOOD, approval=b"[" * 60_000), "APPROVAL_MALFORMED"),
    "cut short": (replace(GOOD, approval=signed()[:-1]), "APPROVAL_MALFORMED"),
    "a repeated key": (
        replace(GOOD, approval=signed().replace(b'{"payload":', b'{"payload":"","payload":', 1)),
        "APPROVAL_MALFORMED",
    ),
    "an unknown predicate member": (
        replace(GOOD, approval=resigned(lambda s: s["predicate"].update(grantAll=True))),
        "APPROVAL_MALFORMED",
    ),
    "two programs": (
        replace(GOOD, approval=resigned(lambda s: s.update(subject=s["subject"] * 2))),
        "APPROVAL_MALFORMED",
    ),
    "empty program": (replace(GOOD, program=b""), "PROGRAM_EMPTY"),
    "program too large": (replace(GOOD, program=b"#" * 65_537), "PROGRAM_TOO_LARGE"),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_refused_with_its_own_reason_and_nothing_runs(name: str) -> None:
    """The sandbox sees no byte, nothing is spent, no event leaves, and the refusal is on record."""
    world, reason = CASES[name]
    log, sandbox, listener = MemoryLog(), FakeSandbox(tier=world.pool.tier), Listener()
    with pytest.raises(ApprovalRefused) as refused:
        await runner(log, sandbox, world).run(world.request, listener)

    assert refused.value.reason == reason
    assert not sandbox.runs
    assert not listener.heard
    revoked = ["key_revoked"] * len(world.keys.revoked_ids)
    assert log.kinds() == [*revoked, "admission_refused"]
    assert log.records[-1].body["reason"] == reason


async def test_the_same_world_without_a_wrong_runs() -> None:
    """Otherwise the refusals above would prove nothing."""
    log, sandbox = MemoryLog(), FakeSandbox()
    await runner(log, sandbox, GOOD).run(GOOD.request, Listener())

    assert [run.program for run in sandbox.runs] == [PROGRAM]
    assert log.kinds() == ["run_started", "run_finished"]


async def test_forged_words_do_not_enter_the_record() -> None:
    """The approval id of a statement that nobody trusted signed is not recorded as one that was refused."""
    log = MemoryLog()
    world = replace(GOOD, approval=signed(key=OTHER_KEY))
    with pytest.raises(ApprovalRefused):
        await runner(log, FakeSandbox(), world).run(world.request, Listener())

    assert "approval_id" not in log.records[0].body

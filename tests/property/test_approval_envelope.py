"""Properties of envelope and statement; each quotes its MUST of docs/approval-format.md."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.approval import Approval, ApprovalRefused, InputDigest, KeySet, Limits
from placet.approval.envelope import open_envelope, pae, sign
from tests.fakes.approvals import KEY, NOW, OTHER_KEY, good_approval, signed

KEYS = KeySet.of(KEY.public)
ENVELOPE = signed()
PAYLOAD = open_envelope(ENVELOPE, KEYS)
SIGNATURE_ENTRY = ENVELOPE.index(b'{"keyid"')
AFTER_KEYID = ENVELOPE.index(b'"sig"')

names = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/\\"), min_size=1, max_size=30
).filter(lambda name: not name.startswith("."))
numbers = st.integers(1, 2**53 - 1)
digests = st.binary(min_size=32, max_size=32)


@st.composite
def approvals(draw) -> Approval:
    inputs = draw(st.dictionaries(names, st.tuples(digests, st.integers(0, 2**40)), max_size=5))
    return good_approval(
        program_sha256=draw(digests),
        inputs=tuple(InputDigest(name, *rest) for name, rest in inputs.items()),
        limits=Limits(*draw(st.tuples(*[numbers] * 6))),
        grants=tuple(draw(st.lists(names, max_size=5))),
        min_tier=draw(st.sampled_from(["T0", "T1", "T2", "T3"])),
        expires_at=NOW + timedelta(microseconds=draw(st.integers(1, 10**12))),
    )


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(ENVELOPE) * 8 - 1))
def test_a_flipped_bit_anywhere_is_refused_but_in_the_hint(bit: int) -> None:
    """§2.6: "`keyid` is a hint … It plays no part in whether a signature counts." All other bits count."""
    changed = bytearray(ENVELOPE)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        opened = open_envelope(bytes(changed), KEYS)
    except ApprovalRefused:
        return
    assert SIGNATURE_ENTRY < bit // 8 < AFTER_KEYID
    assert opened == PAYLOAD


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PAYLOAD) * 8 - 1))
def test_a_flipped_bit_in_the_payload_is_refused(bit: int) -> None:
    """§2.3: "Signatures are over PAE(payloadType, payload)", each bit of it."""
    changed = bytearray(PAYLOAD)
    changed[bit // 8] ^= 1 << bit % 8
    forged = json.loads(sign(bytes(changed), OTHER_KEY))
    forged["signatures"] = json.loads(ENVELOPE)["signatures"]
    with pytest.raises(ApprovalRefused, match="APPROVAL_SIGNATURE_INVALID"):
        open_envelope(json.dumps(forged).encode(), KEYS)


@given(approvals())
@settings(max_examples=100, deadline=None)
def test_every_approval_reads_back_as_it_was(approval: Approval) -> None:
    """§2.7: "A reader MUST parse the bytes that were signed"."""
    assert Approval.from_bytes(open_envelope(sign(approval.to_bytes(), KEY), KEYS)) == approval


@given(st.text(max_size=20), st.binary(max_size=40), st.text(max_size=20), st.binary(max_size=40))
def test_pae_never_confuses_two_documents(type_a: str, a: bytes, type_b: str, b: bytes) -> None:
    """§2.3: lengths go before what they measure, so no two pairs have the same encoding."""
    assert (pae(type_a, a) == pae(type_b, b)) == ((type_a, a) == (type_b, b))


@given(st.binary(max_size=300))
def test_bytes_that_nobody_signed_are_refused_and_never_crash(document: bytes) -> None:
    """§4: "MUST refuse at the first that fails"; refusing is the only way out."""
    with pytest.raises(ApprovalRefused):
        open_envelope(document, KEYS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(json.loads(PAYLOAD)["predicate"])), json_values)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_member_is_read_or_malformed(member: str, value: object) -> None:
    """§3.1: "an object of the members below and no others"; never another exception."""
    statement = json.loads(PAYLOAD)
    statement["predicate"][member] = value
    with contextlib.suppress(ApprovalRefused):
        Approval.from_bytes(json.dumps(statement).encode())

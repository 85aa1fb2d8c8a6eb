"""The envelope: docs/approval-format.md §2."""

from __future__ import annotations

import base64
import json

import pytest

from placet.approval import ApprovalRefused, KeySet
from placet.approval.envelope import PAYLOAD_TYPE, open_envelope, pae, parse, sign
from tests.fakes.approvals import KEY, OTHER_KEY, tampered

PAYLOAD = b"\xfb\xff\xbe" * 50  # all of + / - _ occur in its base64
KEYS = KeySet.of(KEY.public)


def test_pae_is_that_of_the_dsse_specification() -> None:
    """§2.3, with the specification's own example."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_what_was_signed_is_what_is_opened() -> None:
    """§2.7."""
    assert open_envelope(sign(PAYLOAD, KEY), KEYS) == PAYLOAD


def test_the_writer_uses_the_standard_alphabet() -> None:
    """§2.4."""
    written = json.loads(sign(PAYLOAD, KEY))

    assert base64.b64decode(written["payload"], validate=True) == PAYLOAD
    assert written["payloadType"] == PAYLOAD_TYPE


def test_the_url_safe_alphabet_is_read() -> None:
    """§2.4."""

    def url_safe(envelope) -> None:
        envelope["payload"] = envelope["payload"].replace("+", "-").replace("/", "_")

    assert open_envelope(tampered(sign(PAYLOAD, KEY), url_safe), KEYS) == PAYLOAD


@pytest.mark.parametrize(
    "payload",
    ["+_==", "-/==", "Zg", "Zg=", "Zh==", "Zg==\n", " Zg==", "Zg==Zg==", "Zé==", 7, None, ["Zg=="]],
)
def test_other_spellings_of_base64_are_refused(payload) -> None:
    """§2.4: mixtures, missing padding, set bits after the last byte, other characters."""
    with pytest.raises(ApprovalRefused, match="APPROVAL_MALFORMED"):
        parse(tampered(sign(PAYLOAD, KEY), lambda e: e.update(payload=payload)))


def test_members_it_does_not_know_are_ignored() -> None:
    """§2.1, as DSSE wants."""
    assert open_envelope(tampered(sign(PAYLOAD, KEY), lambda e: e.update(extra=1)), KEYS) == PAYLOAD


@pytest.mark.parametrize(
    "hint", ["", "0" * 64, OTHER_KEY.key_id, "not an id"], ids=["none", "zeros", "another key", "no id"]
)
def test_keyid_is_only_a_hint(hint: str) -> None:
    """§2.6: a wrong or absent one does not spoil a good signature."""
    keys = KeySet.of(KEY.public, OTHER_KEY.public)
    changed = tampered(sign(PAYLOAD, KEY), lambda e: e["signatures"][0].update(keyid=hint))

    assert open_envelope(changed, keys) == PAYLOAD


def test_one_good_signature_among_others_is_enough() -> None:
    """§2.5: for rotation, an approval may carry two."""
    foreign = json.loads(sign(PAYLOAD, OTHER_KEY))["signatures"]
    both = tampered(sign(PAYLOAD, KEY), lambda e: e.update(signatures=foreign + e["signatures"]))

    assert open_envelope(both, KEYS) == PAYLOAD


def test_a_revoked_signature_beside_a_good_one_does_no_harm() -> None:
    """§1.3 and §2.5."""
    keys = KeySet.of(KEY.public, OTHER_KEY.public, revoked=frozenset({OTHER_KEY.key_id}))
    revoked = json.loads(sign(PAYLOAD, OTHER_KEY))["signatures"]
    both = tampered(sign(PAYLOAD, KEY), lambda e: e.update(signatures=revoked + e["signatures"]))

    assert open_envelope(both, keys) == PAYLOAD


def test_at_most_sixteen_signatures_are_tried() -> None:
    """§2.5: each costs a verification per key."""
    with pytest.raises(ApprovalRefused, match="17 signatures"):
        parse(tampered(sign(PAYLOAD, KEY), lambda e: e.update(signatures=e["signatures"] * 17)))


@pytest.mark.parametrize("signatures", [None, {}, [7], [{}], [{"sig": 7}], [{"keyid": 7, "sig": "Zg=="}]])
def test_signatures_of_another_form_are_refused(signatures) -> None:
    with pytest.raises(ApprovalRefused, match="APPROVAL_MALFORMED"):
        parse(tampered(sign(PAYLOAD, KEY), lambda e: e.update(signatures=signatures)))


def test_what_no_executor_would_read_is_not_signed() -> None:
    """§2.1."""
    with pytest.raises(ValueError, match="65536"):
        sign(b"x" * 60_000, KEY)

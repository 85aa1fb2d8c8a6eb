"""The DSSE v1 envelope around a statement (docs/approval-format.md §2).

Knows base64, JSON and signatures. Must not know what the payload says.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from placet.approval.errors import ApprovalRefused, malformed
from placet.approval.keys import KeySet, SigningKey
from placet.approval.strict_json import read_object

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 16
MAX_DECISIONS: Final = 5
MAX_FILE_BYTES: Final = (1 + MAX_DECISIONS) * (MAX_ENVELOPE_BYTES + 1)
"""Of an approval file: an approval and its decisions, a line each."""


@dataclass(frozen=True)
class Signature:
    """One signature; `keyid` is the writer's claim and a hint only."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope. Nothing in it is trusted before `verify` has returned."""

    payload_type: str
    payload: bytes
    """The exact bytes that were signed."""
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: SigningKey) -> bytes:
    """The JSON of an envelope around `payload` with one signature.

    Raises:
        ValueError: the envelope would be larger than any executor reads.
    """
    signature = key.sign(pae(PAYLOAD_TYPE, payload))
    envelope = json.dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": key.key_id, "sig": base64.b64encode(signature).decode()}],
        },
        separators=(",", ":"),
    ).encode()
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise ValueError(
            f"the envelope has {len(envelope)} bytes; an approval has at most {MAX_ENVELOPE_BYTES}"
        )
    return envelope


def open_envelope(envelope: bytes, keys: KeySet) -> bytes:
    """The payload of an untrusted envelope, once its size, form, type and signature are found good.

    Raises:
        ApprovalRefused: with the reasons of docs/approval-format.md §4.1 to §4.3.
    """
    check_size(envelope)
    parsed = parse(envelope)
    check_type(parsed)
    verify(parsed, keys)
    return parsed.payload


def check_size(envelope: bytes) -> None:
    """Raise APPROVAL_MISSING or APPROVAL_TOO_LARGE; call it before anything reads the bytes."""
    if not envelope:
        raise ApprovalRefused(
            "APPROVAL_MISSING", "nothing runs without an approval; ask the guard to review the program"
        )
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise _too_large(len(envelope), MAX_ENVELOPE_BYTES)


def check_file_size(file: bytes) -> None:
    """`check_size` for an approval file: the bound holds for each of its lines."""
    if len(file) > MAX_FILE_BYTES:
        raise _too_large(len(file), MAX_FILE_BYTES)
    for line in file.split(b"\n", MAX_DECISIONS + 1):
        if len(line) > MAX_ENVELOPE_BYTES:
            raise _too_large(len(line), MAX_ENVELOPE_BYTES)
    check_size(first_line(file))


def first_line(file: bytes) -> bytes:
    """The approval's envelope of an approval file."""
    return file.partition(b"\n")[0]


def decision_lines(file: bytes) -> tuple[bytes, ...]:
    """The decisions of an approval file. Raises APPROVAL_MALFORMED for an empty line, or too many."""
    lines = file.removesuffix(b"\n").split(b"\n")[1:]
    if len(lines) > MAX_DECISIONS or not all(lines):
        raise malformed(f"an approval file is an approval and at most {MAX_DECISIONS} decisions, a line each")
    return tuple(lines)


def approval_file(approval: bytes, *decisions: bytes) -> bytes:
    """The JSON Lines of the envelopes of an approval and of decisions (docs/approval-format.md §2.8)."""
    return b"".join(line + b"\n" for line in (approval, *decisions)) if decisions else approval


def parse(envelope: bytes) -> Envelope:
    """Read untrusted bytes; verifies nothing. Raises APPROVAL_MALFORMED."""
    found = read_object(envelope)
    payload_type, entries = found.get("payloadType"), found.get("signatures")
    if not isinstance(payload_type, str) or not isinstance(entries, list):
        raise malformed("the envelope needs payloadType and signatures")
    if len(entries) > MAX_SIGNATURES:
        raise malformed(f"the envelope has {len(entries)} signatures; at most {MAX_SIGNATURES}")
    return Envelope(payload_type, _decode(found.get("payload"), "payload"), tuple(map(_signature, entries)))


def check_type(envelope: Envelope) -> None:
    """Raise APPROVAL_TYPE_FOREIGN unless the payload claims to be an in-toto statement."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ApprovalRefused(
            "APPROVAL_TYPE_FOREIGN",
            f"the payload is {envelope.payload_type[:80]!r}; an approval is {PAYLOAD_TYPE}; send that",
        )


def verify(envelope: Envelope, keys: KeySet) -> str:
    """The id of the trusted, unrevoked key that signed; one such signature is enough.

    Raises:
        ApprovalRefused: APPROVAL_UNSIGNED, APPROVAL_KEY_REVOKED, APPROVAL_KEY_UNKNOWN or
            APPROVAL_SIGNATURE_INVALID.
    """
    signatures = [signature for signature in envelope.signatures if signature.sig]
    if not signatures:
        raise ApprovalRefused("APPROVAL_UNSIGNED", "the approval has no signature; ask for a new one")
    signed = pae(envelope.payload_type, envelope.payload)
    signers = [signer for signature in signatures if (signer := _signer(signature, signed, keys))]
    for signer in signers:
        if signer not in keys.revoked_ids:
            return signer
    raise _why_not(signatures, signers, keys)


def _too_large(size: int, most: int) -> ApprovalRefused:
    return ApprovalRefused("APPROVAL_TOO_LARGE", f"the approval has {size} bytes; at most {most} are read")


def _signer(signature: Signature, signed: bytes, keys: KeySet) -> str | None:
    """The id of the key that made the signature, trusted or since revoked; None when none of the set did."""
    for key in keys.candidates(signature.keyid):
        if key.verifies(signature.sig, signed):
            return key.key_id
    return None


def _why_not(signatures: list[Signature], signers: list[str], keys: KeySet) -> ApprovalRefused:
    """The most telling reason. The hint may choose the words, since the answer is no either way."""
    hints = [signature.keyid for signature in signatures]
    if signers or any(hint in keys.revoked_ids for hint in hints):
        return ApprovalRefused(
            "APPROVAL_KEY_REVOKED", "the approval was signed with a revoked key; ask for a new approval"
        )
    if any(hint in keys.trusted for hint in hints) or not any(hints):
        return ApprovalRefused(
            "APPROVAL_SIGNATURE_INVALID",
            "the signature does not hold for these bytes: the approval was changed or forged",
        )
    return ApprovalRefused(
        "APPROVAL_KEY_UNKNOWN",
        "this executor does not trust the key that signed; its operator can add it to the key directory",
    )


def _signature(entry: object) -> Signature:
    if not isinstance(entry, dict):
        raise malformed("a signature is an object with keyid and sig")
    keyid = entry.get("keyid", "")
    if not isinstance(keyid, str):
        raise malformed("keyid is a string")
    return Signature(keyid, _decode(entry.get("sig"), "sig"))


def _decode(text: object, name: str) -> bytes:
    """Base64 in either alphabet, padded, canonical: each byte string has one spelling per alphabet."""
    if not isinstance(text, str):
        raise malformed(f"{name} is missing or no string")
    for altchars in (b"+/", b"-_"):
        try:
            decoded = base64.b64decode(text.encode("ascii"), altchars, validate=True)
        except (binascii.Error, ValueError):
            continue
        if base64.b64encode(decoded, altchars).decode() == text:
            return decoded
    raise malformed(f"{name} is not base64")

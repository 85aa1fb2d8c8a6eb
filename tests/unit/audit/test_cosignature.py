"""Cosignatures: docs/audit-format.md §12.1, §12.2; with a checkpoint that strangers signed and cosigned."""

from pathlib import Path

import pytest

from placet.audit.checkpoint import Checkpoint, LogVerifier
from placet.audit.cosignature import WitnessSigner, WitnessVerifier, cosigned_bytes
from placet.audit.note import CheckpointRefused, Note, Signature

ROOT = bytes(range(32))
CHECKPOINT = Checkpoint("placet.local/log", 42, ROOT).text()

# A public log of the transparency-dev project, cosigned by public witnesses in 2026.
PUBLIC_NOTE = (
    "arche2025h1.staging.ct.transparency.dev\n"
    "1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
    "\n"
    "\u2014 arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGRE"
    "PMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "\u2014 arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC"
    "3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "\u2014 transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ"
    "2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "\u2014 witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEc"
    "xZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n"
    "\u2014 remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9"
    "sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
)
PUBLIC_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
PUBLIC_WITNESS = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"


@pytest.fixture
def signer() -> WitnessSigner:
    return WitnessSigner.generate("security.example/witness")


def test_a_public_checkpoint_verifies_under_its_log_and_its_witness() -> None:
    note = Note.parse(PUBLIC_NOTE)

    assert LogVerifier.from_vkey(PUBLIC_LOG).open(PUBLIC_NOTE).size == 1432088532
    found = WitnessVerifier.from_vkey(PUBLIC_WITNESS).cosignature(note)
    assert found is not None
    assert (found.witness, found.time_s) == ("remora.n621.de", 0x6A122120)
    assert str(note) == PUBLIC_NOTE


def test_another_size_under_the_same_signatures_is_refused() -> None:
    changed = PUBLIC_NOTE.replace("1432088532", "1432088533")
    with pytest.raises(CheckpointRefused):
        WitnessVerifier.from_vkey(PUBLIC_WITNESS).cosignature(Note.parse(changed))


def test_the_signed_bytes_are_those_of_the_specification() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert cosigned_bytes(text, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + text.encode()


def test_a_witness_key_is_read_and_written_back(signer: WitnessSigner, tmp_path: Path) -> None:
    signer.save(tmp_path / "key")

    assert WitnessVerifier.from_vkey(PUBLIC_WITNESS).vkey == PUBLIC_WITNESS
    assert WitnessSigner.load(tmp_path / "key", signer.name).verifier == signer.verifier


def test_a_logs_key_is_no_witness_and_a_witness_key_is_no_log() -> None:
    with pytest.raises(CheckpointRefused, match="0x04"):
        WitnessVerifier.from_vkey(PUBLIC_LOG)
    with pytest.raises(CheckpointRefused, match="0x01"):
        LogVerifier.from_vkey(PUBLIC_WITNESS)


def test_the_newest_of_several_cosignatures_counts(signer: WitnessSigner) -> None:
    lines = signer.cosign(CHECKPOINT, 1000) + signer.cosign(CHECKPOINT, 2000)
    found = signer.verifier.cosignature(Note.parse(f"{CHECKPOINT}\n{lines}"))

    assert found is not None
    assert found.time_s == 2000
    assert found.line == signer.cosign(CHECKPOINT, 2000)


def test_unknown_keys_are_ignored(signer: WitnessSigner) -> None:
    namesake = WitnessSigner.generate(signer.name)
    note = Note.parse(f"{CHECKPOINT}\n{namesake.cosign(CHECKPOINT, 1000)}")

    assert signer.verifier.cosignature(note) is None


def test_one_wrong_cosignature_beside_a_right_one_refuses_the_note(signer: WitnessSigner) -> None:
    """§12.2: MUST refuse the whole note when a cosignature of a key that it knows does not verify."""
    other = Checkpoint("placet.local/log", 43, ROOT).text()
    lines = signer.cosign(CHECKPOINT, 1000) + signer.cosign(other, 1000)
    with pytest.raises(CheckpointRefused, match="does not match"):
        signer.verifier.cosignature(Note.parse(f"{CHECKPOINT}\n{lines}"))


@pytest.mark.parametrize("time_s", [0, 2**63, 2**64 - 1])
def test_a_time_out_of_range_is_refused(signer: WitnessSigner, time_s: int) -> None:
    """§12.2: MUST refuse a time of 0 or above 2^63 - 1."""
    note = Note.parse(f"{CHECKPOINT}\n{signer.cosign(CHECKPOINT, time_s)}")
    with pytest.raises(CheckpointRefused, match="range"):
        signer.verifier.cosignature(note)


def test_a_time_moved_after_signing_is_refused(signer: WitnessSigner) -> None:
    signature = Note.parse(f"{CHECKPOINT}\n{signer.cosign(CHECKPOINT, 1000)}").signatures[0]
    moved = Signature(signature.name, signature.key_id, (1001).to_bytes(8, "big") + signature.value[8:])
    with pytest.raises(CheckpointRefused, match="does not match"):
        signer.verifier.cosignature(Note(CHECKPOINT, (moved,)))


def test_a_plain_signature_of_the_witness_key_is_no_cosignature(signer: WitnessSigner) -> None:
    plain = Signature(signer.name, signer.verifier.key_id, signer.sign_bytes(CHECKPOINT.encode()))
    short = Signature(signer.name, signer.verifier.key_id, b"1234567")
    for wrong in (plain, short):
        with pytest.raises(CheckpointRefused):
            signer.verifier.cosignature(Note(CHECKPOINT, (wrong,)))


def test_extension_lines_of_other_logs_are_cosigned_and_covered(signer: WitnessSigner) -> None:
    text = CHECKPOINT + "more\n"
    note = Note.parse(f"{text}\n{signer.cosign(text, 1000)}")

    assert signer.verifier.cosignature(note) is not None
    assert Checkpoint.parse(text, extended=True).extension == "more\n"
    assert Checkpoint.parse(text, extended=True).text() == text
    with pytest.raises(CheckpointRefused):
        Checkpoint.parse(text)
    with pytest.raises(CheckpointRefused):
        signer.verifier.cosignature(Note(CHECKPOINT + "less\n", note.signatures))

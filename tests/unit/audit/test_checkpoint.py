"""Signed notes and checkpoints: docs/audit-format.md §6.3 to §6.5."""

from pathlib import Path

import pytest

from placet.audit.checkpoint import Checkpoint, CheckpointRefused, LogSigner, LogVerifier
from placet.audit.merkle import ProofRefused, leaf_hash
from placet.audit.proof import Proof
from tests.fakes.plain_tree import Tree

SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
ROOT = bytes(range(32))


@pytest.fixture
def signer() -> LogSigner:
    return LogSigner.generate("placet.local/log")


def test_the_specifications_key_is_read_and_written_back() -> None:
    assert LogVerifier.from_vkey(SPEC_VKEY).vkey == SPEC_VKEY
    assert LogVerifier.from_vkey(SPEC_VKEY).name == "example.com/foo"


@pytest.mark.parametrize(
    "vkey",
    ["", "a+b", SPEC_VKEY[:-1], SPEC_VKEY.replace("530d903a", "530d903b"), SPEC_VKEY.replace("foo", "fop")],
)
def test_a_key_copied_wrongly_is_refused(vkey: str) -> None:
    with pytest.raises(CheckpointRefused):
        LogVerifier.from_vkey(vkey)


def test_a_checkpoint_survives_its_note(signer: LogSigner) -> None:
    note = signer.sign(42, ROOT)

    assert signer.verifier.open(note) == Checkpoint("placet.local/log", 42, ROOT)
    assert note.startswith("placet.local/log\n42\n")
    assert note.split("\n")[4].startswith("\u2014 placet.local/log ")


def test_no_changed_character_passes(signer: LogSigner) -> None:
    note = signer.sign(42, ROOT)
    for position, char in enumerate(note):
        changed = note[:position] + chr(ord(char) ^ 1) + note[position + 1 :]
        with pytest.raises(CheckpointRefused):
            signer.verifier.open(changed)


def test_foreign_signatures_are_ignored_and_never_suffice(signer: LogSigner) -> None:
    other = LogSigner.generate("witness.example")
    note = signer.sign(1, ROOT)
    text = note.partition("\n\n")[0] + "\n"
    cosignature = other.sign_note(text).split("\n\n")[1]

    assert signer.verifier.open(note + cosignature).size == 1
    with pytest.raises(CheckpointRefused, match="no signature"):
        signer.verifier.open(other.sign_note(text))


def test_a_second_signature_of_our_key_that_fails_refuses_the_note(signer: LogSigner) -> None:
    note, other = signer.sign(1, ROOT), signer.sign(2, ROOT)
    with pytest.raises(CheckpointRefused):
        signer.verifier.open(note + other.split("\n\n")[1])


def test_another_logs_origin_is_refused(signer: LogSigner) -> None:
    with pytest.raises(CheckpointRefused, match="other/log"):
        signer.verifier.open(signer.sign_note(Checkpoint("other/log", 1, ROOT).text()))


@pytest.mark.parametrize("text", ["a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n", "\n"])
def test_a_malformed_checkpoint_is_refused(signer: LogSigner, text: str) -> None:
    with pytest.raises(CheckpointRefused):
        signer.verifier.open(signer.sign_note(text))


def test_a_key_file_is_private_and_never_overwritten(signer: LogSigner, tmp_path: Path) -> None:
    signer.save(tmp_path / "key")

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert LogSigner.load(tmp_path / "key", "placet.local/log").verifier == signer.verifier
    with pytest.raises(FileExistsError):
        signer.save(tmp_path / "key")


def test_a_proof_file_stands_alone(signer: LogSigner) -> None:
    leaves = [b"%d" % i for i in range(11)]
    tree = Tree(map(leaf_hash, leaves))
    note = signer.sign(11, tree.root())
    text = Proof(6, tuple(tree.inclusion_proof(6, 11)), note).to_text()

    assert Proof.from_text(text).verify(leaves[6], signer.verifier).size == 11
    with pytest.raises(ProofRefused):
        Proof.from_text(text).verify(leaves[5], signer.verifier)
    with pytest.raises(ProofRefused):
        Proof.from_text(text.replace("index 6", "index 06"))

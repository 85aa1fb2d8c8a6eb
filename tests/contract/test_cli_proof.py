"""`placet audit verify --proof`: one record, proven by a file (docs/audit-format.md §14.3 to §14.5)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from placet.audit.checkpoint import LogSigner
from placet.audit.cosignature import WitnessSigner
from placet.audit.merkle import leaf_hash
from placet.audit.note import Note
from placet.audit.proof import Proof
from placet.audit.record import Record
from placet.cli.main import run
from tests.fakes.audit_world import ORIGIN, OTHER_SHA256
from tests.fakes.plain_tree import Tree

WITNESS = WitnessSigner.generate("security.example/witness")
Verify = Callable[..., tuple[int, str, str]]


def leaf(number: int, log: str = ORIGIN) -> bytes:
    actor, time = "spiffe://placet.local/svc/audit", f"2026-01-02T03:04:{number:02}.000000Z"
    return Record(log, time, "heartbeat", "", actor, {"size": number}).encode()


@dataclass
class Handed:
    """A proof file and a record's bytes, as somebody is handed them, and the log's key."""

    directory: Path
    signer: LogSigner
    leaves: list[bytes]

    @property
    def proof(self) -> Path:
        return self.directory / "2.tlog-proof"

    @property
    def record(self) -> Path:
        return self.directory / "2.json"

    @property
    def key(self) -> Path:
        return self.directory / "audit.vkey"

    def made(self) -> Proof:
        """The proof of record 2."""
        tree = Tree(map(leaf_hash, self.leaves))
        note = self.signer.sign(tree.size, tree.root())
        return Proof(2, tuple(tree.inclusion_proof(2, tree.size)), note)

    def hand_over(self, proof: Proof) -> None:
        self.record.write_bytes(self.leaves[2])
        self.proof.write_text(proof.to_text())
        self.key.write_text(self.signer.verifier.vkey)


@pytest.fixture
def handed(tmp_path: Path) -> Handed:
    handed = Handed(tmp_path, LogSigner.generate(ORIGIN), [leaf(number) for number in range(7)])
    handed.hand_over(handed.made())
    return handed


@pytest.fixture
def placet(handed: Handed, capsys: pytest.CaptureFixture[str]) -> Verify:
    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        given = ("--proof", handed.proof, "--key", handed.key, *arguments)
        code = run(["--state", str(handed.directory), "audit", "verify", *map(str, given)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_record_is_proven_by_the_files_of_a_bundle(placet: Verify) -> None:
    """§14.5: it MUST say what a proof cannot show."""
    code, out, _ = placet()

    assert code == 0
    assert out.startswith(
        f"PROVEN: the record is number 2 of log {ORIGIN}, under a checkpoint of 7 records\n"
    )
    assert "2026-01-02T03:04:02.000000Z  heartbeat: " in out
    assert "not shown by a proof: that the record may stand where it stands" in out


def test_for_programs_a_proof_is_one_object(placet: Verify) -> None:
    code, out, _ = placet("--json")
    report = json.loads(out)

    assert code == 0
    assert (report["ok"], report["index"], report["tree_size"], report["kind"]) == (True, 2, 7, "heartbeat")
    assert report["cosigned_by"] == []


def test_the_record_may_lie_elsewhere(handed: Handed, placet: Verify, tmp_path: Path) -> None:
    elsewhere = handed.record.rename(tmp_path / "moved")

    assert placet()[0] == 4
    assert placet("--record", elsewhere)[0] == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda proof: replace(proof, index=3), "another root"),
        (lambda proof: replace(proof, hashes=proof.hashes[:-1]), "too few"),
        (lambda proof: replace(proof, hashes=(*proof.hashes, bytes(32))), "too many"),
        (lambda proof: replace(proof, hashes=(bytes(32), *proof.hashes[1:])), "another root"),
        (lambda proof: replace(proof, checkpoint=proof.checkpoint.replace("\n7\n", "\n8\n")), ""),
    ],
)
def test_a_changed_proof_is_broken(
    handed: Handed, placet: Verify, change: Callable[[Proof], Proof], why: str
) -> None:
    """§14.4: it MUST check the checkpoint (6.3, 6.5) and the proof (6.2)."""
    handed.hand_over(change(handed.made()))
    code, out, _ = placet()

    assert (code, out.startswith("BROKEN: "), why in out) == (1, True, True)


def test_another_record_is_not_the_one_that_is_proven(handed: Handed, placet: Verify) -> None:
    handed.record.write_bytes(leaf(3))
    code, out, _ = placet()

    assert (code, "leads to another root" in out) == (1, True)


@pytest.mark.parametrize("content", [b"no record", leaf(2) + b"\n", leaf(2, "another.example/log")])
def test_what_the_log_signed_is_still_no_record_of_it(handed: Handed, placet: Verify, content: bytes) -> None:
    """§14.4: it MUST check the record's bytes (§1, of this log)."""
    handed.leaves[2] = content
    handed.hand_over(handed.made())
    code, out, _ = placet()

    assert (code, out.startswith("BROKEN: ")) == (1, True)


def test_another_logs_key_proves_nothing_whatever_the_policy_names(
    handed: Handed, placet: Verify, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(f"log {handed.signer.verifier.vkey}\nquorum none\n")
    assert placet("--policy", policy)[0] == 0

    handed.key.write_text(LogSigner.generate(ORIGIN).verifier.vkey)
    assert placet()[0] == 1
    assert placet("--policy", policy)[0] == 1


def test_the_policys_quorum_must_have_cosigned(handed: Handed, placet: Verify, tmp_path: Path) -> None:
    """§14.4: with a policy also that its quorum cosigned the checkpoint."""
    policy = tmp_path / "policy"
    policy.write_text(f"witness w {WITNESS.verifier.vkey}\nquorum w\n")
    code, out, _ = placet("--policy", policy)
    assert (code, "quorum 'w' is not met" in out) == (1, True)

    proof = handed.made()
    line = WITNESS.cosign(Note.parse(proof.checkpoint).text, 1_780_000_000)
    handed.hand_over(replace(proof, checkpoint=proof.checkpoint + line))
    code, out, _ = placet("--policy", policy)
    assert (code, ", cosigned by w\n" in out) == (0, True)


def test_a_key_that_is_none_is_no_answer(handed: Handed, placet: Verify) -> None:
    handed.key.write_text(OTHER_SHA256)

    assert placet()[0] == 4


def test_a_record_without_a_proof_does_not_verify_the_whole_log_instead(handed: Handed) -> None:
    asked = ["audit", "verify", "--record", str(handed.record), "--key", str(handed.key)]

    assert run(["--state", str(handed.directory), *asked]) not in (0, 1)

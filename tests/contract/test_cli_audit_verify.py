"""`placet audit verify` over files: the whole log, checkpoints kept elsewhere, a trust policy, a bundle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from placet.audit.cosignature import WitnessSigner
from placet.cli.main import run
from tests.contract.test_audit_bundle import collected
from tests.fakes.audit_world import GUARD, World, Writer, verdict
from tests.fakes.people import KEYS, at_the_console

Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """A state directory as `placet up` leaves it."""
    (tmp_path / "audit").mkdir()
    (tmp_path / "keys").mkdir()
    world = World(tmp_path / "audit")
    (tmp_path / "keys" / "audit.vkey").write_text(world.signer.verifier.vkey + "\n")
    async with world.writing() as log:
        await log.whole_run()
    return world


@pytest.fixture
def placet(world: World, capsys: pytest.CaptureFixture[str]) -> Verify:
    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--state", str(world.directory.parent), "audit", "verify", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_whole_log_is_verified_and_told_in_sentences(placet: Verify) -> None:
    code, out, _ = placet()

    assert code == 0
    assert out.startswith("Log placet.local/log: VERIFIED")
    for told in (
        "verdicts: 1 (1 ALLOWED)",
        "approvals issued: 1",
        "runs finished: 1 (1 EXITED)",
        "bodies: 4 match",
    ):
        assert told in out


def test_for_programs_it_is_one_object(placet: Verify) -> None:
    code, out, _ = placet("--json")
    report = json.loads(out)

    assert code == 0
    assert (report["ok"], report["breaks"], report["first_break"]) == (True, [], None)
    assert report["summary"]["statuses"] == {"EXITED": 1}


def test_a_broken_log_is_named_and_ends_with_1(world: World, placet: Verify) -> None:
    world.tamper("UPDATE log_entry SET verdict = 'DENIED' WHERE idx = 0")
    code, out, _ = placet()

    assert code == 1
    assert out.startswith("Log placet.local/log: BROKEN\n  first break: record 0: ")
    assert "what it means: " in out


def test_a_log_of_an_older_schema_is_told_apart_from_a_damaged_one(world: World, placet: Verify) -> None:
    world.tamper("PRAGMA user_version = 1")
    code, out, _ = placet()

    assert code == 1
    assert "start the audit service once" in out


async def test_a_checkpoint_kept_elsewhere_is_compared(world: World, placet: Verify, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copy(world.checkpoint, kept)
    code, out, _ = placet("--kept", kept)
    assert (code, "this log continues all 1" in out) == (0, True)

    async with World(tmp_path / "audit", world.signer).writing() as log:
        await log.append(GUARD, "verdict_reached", verdict())
    world.tamper("UPDATE log_entry SET leaf_hash = zeroblob(32) WHERE idx = 1")
    assert placet("--kept", kept)[0] == 1


def test_a_policy_that_nobody_meets_is_a_break(placet: Verify, tmp_path: Path) -> None:
    witness = WitnessSigner.generate("security.example/witness")
    policy = tmp_path / "policy"
    policy.write_text(f"witness w {witness.verifier.vkey}\nquorum w\n")
    code, out, _ = placet("--policy", policy)

    assert code == 1
    assert "quorum 'w'" in out


def test_an_unfit_policy_is_no_answer(placet: Verify, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text("quorum nobody\n")
    code, _, err = placet("--policy", policy)

    assert code == 4
    assert "POLICY_UNFIT" in err or "policy" in err


async def test_with_the_keys_of_people_their_signatures_are_checked(
    world: World, placet: Verify, tmp_path: Path
) -> None:
    keys = tmp_path / "trusted"
    keys.mkdir()
    async with World(tmp_path / "audit", world.signer).writing() as log:
        await (await at_the_console(log)).approves("kim")
    (keys / "reviewer-kim.pub.pem").write_bytes(KEYS["kim"].public.to_pem())
    code, out, _ = placet("--reviewers", keys)
    assert (code, "signed by people, with the keys that were given: 2" in out) == (0, True)

    (keys / "reviewer-kim.pub.pem").write_bytes(KEYS["lee"].public.to_pem())
    code, out, _ = placet("--reviewers", keys)
    assert (code, "put words into a person's mouth" in out) == (1, True)


def test_unfit_keys_of_people_are_no_answer(placet: Verify, tmp_path: Path) -> None:
    (tmp_path / "reviewer-kim.pub.pem").write_text("no key")
    code, _, err = placet("--reviewers", tmp_path)

    assert code == 4
    assert "reviewer-kim.pub.pem" in err


def test_an_address_with_a_password_is_no_answer(placet: Verify) -> None:
    code, _, err = placet("--database", "postgresql://me:secret@/audit?host=/run")

    assert code == 4
    assert "password" in err
    assert "secret" not in err


def test_other_files_can_be_named(world: World, placet: Verify, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(world.directory, elsewhere)
    key = shutil.move(tmp_path / "keys" / "audit.vkey", tmp_path / "given.vkey")
    files = ("--database", elsewhere / "audit.sqlite", "--checkpoint", elsewhere / "checkpoint", "--key", key)

    assert placet()[0] == 4
    assert placet(*files)[0] == 0


async def test_a_bundle_is_verified_with_the_logs_own_key(
    tmp_path: Path, world: World, placet: Verify
) -> None:
    bundle = await collected(world, _nothing)
    code, out, _ = placet(bundle)

    assert code == 0
    assert out.startswith("PROVEN: request req-1")

    bundle.write_bytes(bundle.read_bytes()[:-100])
    assert placet(bundle)[0] == 1


async def _nothing(_: Writer) -> None:
    """The run is in the log already."""


class Collecting:
    """A client that has a bundle."""

    def __enter__(self) -> Collecting:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def bundle(self, request_id: str) -> bytes:
        return f"bundle of {request_id}".encode()


def test_export_keeps_a_requests_bundle_whole(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("placet.cli.proving.PlacetSync.connect", lambda *_: Collecting())
    out = tmp_path / "evidence.zip"
    code = run(["--state", str(tmp_path), "audit", "export", "--bundle", "r-1", "--out", str(out)])

    assert code == 0
    assert out.read_bytes() == b"bundle of r-1"
    assert out.stat().st_mode & 0o777 == 0o600
    assert str(out) in capsys.readouterr().out


def test_bytes_alone_are_verified_and_called_so(placet: Verify) -> None:
    code, out, _ = placet("--bytes-only")

    assert code == 0
    assert out.startswith("Log placet.local/log: BYTES VERIFIED")
    assert "not looked at" in out


@pytest.mark.parametrize("other", [("--reviewers", "keys"), ("--report", "r.json"), ("bundle.zip",)])
def test_bytes_alone_are_of_a_whole_log(placet: Verify, other: tuple[str, ...]) -> None:
    code, _, err = placet("--bytes-only", *other)

    assert code == 4
    assert "--bytes-only is for a whole log" in err

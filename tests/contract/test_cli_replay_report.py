"""`placet audit verify --report` over files: who signed a replay's report, and which log it rests on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from placet.approval.envelope import sign
from placet.approval.keys import REVOKED_FILE, SigningKey
from placet.audit.checkpoint import LogSigner
from placet.audit.replay_report import (
    Flip,
    LogState,
    Policies,
    Policy,
    Range,
    Report,
    ScopeEdition,
)
from placet.cli.main import run
from tests.fakes.audit_world import GUARD, ORIGIN, World, verdict

POLICY = Policy(ScopeEdition("data-analysis", 1, "5" * 64), "0" * 16, "", "", 1)


@dataclass
class State:
    """A state directory as `placet up` leaves it, ana's key, and a report of the log's one verdict."""

    directory: Path
    world: World
    key: SigningKey
    report: Report
    capsys: pytest.CaptureFixture[str]

    @property
    def trusted(self) -> Path:
        return self.directory / "keys" / "trusted"

    def verify(
        self, report: Report | None = None, key: SigningKey | None = None
    ) -> tuple[int, dict[str, object]]:
        file = self.directory / "report.json"
        file.write_bytes(sign((report or self.report).to_bytes(), key or self.key))
        self.capsys.readouterr()
        code = run(["--state", str(self.directory), "audit", "verify", "--report", str(file), "--json"])
        return code, json.loads(self.capsys.readouterr().out)


@pytest.fixture
async def state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> State:
    (tmp_path / "audit").mkdir()
    (tmp_path / "keys" / "trusted").mkdir(parents=True)
    world = World(tmp_path / "audit")
    (tmp_path / "keys" / "audit.vkey").write_text(world.signer.verifier.vkey + "\n")
    key = SigningKey.generate()
    (tmp_path / "keys" / "trusted" / "reviewer-ana.pub.pem").write_bytes(key.public.to_pem())
    async with world.writing() as writer:
        judged = await writer.append(GUARD, "verdict_reached", verdict(), program=b"print(1)\n")
        await writer.append(GUARD, "review_failed", {"reason": "MODEL_TIMEOUT", "program_sha256": "5" * 64})
    flip = Flip(judged.index, judged.leaf_hash.hex(), "ALLOWED", "DENIED", ("new.rule",), ())
    report = Report(
        reported_by="human:ana",
        reported_at="2026-11-30T12:00:00.000000Z",
        log=LogState.of(world.checkpoint.read_text()),
        range=Range("", "", "", 0, 2),
        guard="running",
        layers="rules",
        policies=Policies((POLICY,), (msgspec.structs.replace(POLICY, rules="1" * 16),)),
        verdicts=1,
        skipped=0,
        unanswered=0,
        flipped=1,
        flips=(flip,),
    )
    return State(tmp_path, world, key, report, capsys)


def test_a_report_is_proven_by_its_signature_and_the_log_s_key(state: State) -> None:
    """3.4 and 3.5: it says whose it is, and whether the records were at hand."""
    code, told = state.verify()

    assert (code, told["ok"], told["reported_by"], told["records_compared"]) == (0, True, "human:ana", True)


def test_without_the_database_the_rest_is_proven(state: State) -> None:
    """And it says what was not looked at."""
    state.world.database.unlink()
    code, told = state.verify()

    assert (code, told["records_compared"]) == (0, False)


def _moved(report: Report, **change: object) -> Report:
    return msgspec.structs.replace(report, flips=(msgspec.structs.replace(report.flips[0], **change),))


def _of_another_log(report: Report) -> Report:
    note = LogSigner.generate(ORIGIN).sign(report.log.size, bytes.fromhex(report.log.root))
    return msgspec.structs.replace(report, log=LogState.of(note))


def _of_a_failure(state: State) -> Report:
    return _moved(state.report, index=1, leaf_hash=state.world.entries()[1].leaf_hash.hex())


BREAKS: dict[str, tuple[str, Callable[[State], Report]]] = {
    "another person's": ("3.4", lambda s: msgspec.structs.replace(s.report, reported_by="human:ben")),
    "under another log's key": ("3.4", lambda s: _of_another_log(s.report)),
    "of a record that is another": ("3.5", lambda s: _moved(s.report, leaf_hash="a" * 64)),
    "of a record that is no verdict": ("3.5", _of_a_failure),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_report_that_does_not_hold_ends_with_1(state: State, what: str) -> None:
    """And with the number of the sentence that it breaks."""
    clause, change = BREAKS[what]
    code, told = state.verify(change(state))

    assert code == 1
    assert str(told["first_break"]).startswith(clause)


@pytest.mark.parametrize("how", ["an unknown key", "a revoked key"])
def test_a_signature_that_nobody_trusts_is_none(state: State, how: str) -> None:
    """3.4."""
    if how == "a revoked key":
        (state.trusted / REVOKED_FILE).write_text(state.key.key_id + "\n")
    code, told = state.verify(key=state.key if how == "a revoked key" else SigningKey.generate())

    assert code == 1
    assert str(told["first_break"]).startswith("3.4")


def test_for_people_it_is_one_sentence(state: State) -> None:
    state.verify()
    run(
        ["--state", str(state.directory), "audit", "verify", "--report", str(state.directory / "report.json")]
    )

    assert "human:ana signed that 1 of 1 verdicts" in state.capsys.readouterr().out.replace("\n", " ")

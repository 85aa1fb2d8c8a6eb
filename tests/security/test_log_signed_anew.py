"""Attack: whoever has the log's key rewrites the whole log and signs it anew, checkpoint file included."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from placet.audit.cosignature import WitnessSigner
from placet.audit.note import Note
from placet.audit.trust import TrustPolicy, parse_policy
from tests.fakes.audit_world import GUARD, World, verdict
from tests.fakes.weakened import without

TIME_S = 1_780_000_000
WITNESS = WitnessSigner.generate("security.example/witness")
POLICY = parse_policy(f"witness w {WITNESS.verifier.vkey}\nquorum w\n".encode())


async def told(directory: Path, *, signer=None, flattering: bool = False, cosigned: bool = True) -> World:
    """A log; the flattering story begins with a verdict that was never reached."""
    directory.mkdir()
    world = World(directory, **({"signer": signer} if signer else {}))
    async with world.writing() as log:
        if flattering:
            await log.append(GUARD, "verdict_reached", verdict(risk_pct=0))
        await log.whole_run()
        await log.whole_run("2")
        if cosigned:
            note = log.sequencer.head.checkpoint
            line = WITNESS.cosign(Note.parse(note).text, TIME_S)
            await log.sequencer.cosign(int(note.split("\n")[1]), {WITNESS.verifier.name: line})
    return world


@pytest.fixture
async def true(tmp_path: Path) -> World:
    return await told(tmp_path / "true")


@pytest.fixture
async def forged(true: World, tmp_path: Path) -> World:
    return await told(tmp_path / "forged", signer=true.signer, flattering=True, cosigned=False)


async def test_alone_it_looks_whole(forged: World) -> None:
    """Why checkpoints must be kept where the log's operator cannot reach them: docs/audit-format.md §6."""
    assert forged.verify().ok


async def test_a_checkpoint_kept_elsewhere_contradicts_it(true: World, forged: World, monkeypatch) -> None:
    """§6.19."""
    kept = true.directory / "kept-by-auditor"
    shutil.copy(true.checkpoint, kept)
    assert true.verify(kept=[kept]).kept_checkpoints == 1
    report = forged.verify(kept=[kept])

    assert report.first_break is not None
    assert str(kept) in report.first_break.what
    assert "two histories" in report.first_break.meaning

    without(monkeypatch, "roots")
    assert forged.verify(kept=[kept]).ok, "nothing but this check finds it"


async def test_without_the_witness_it_has_no_quorum(true: World, forged: World) -> None:
    """§6.19: with a trust policy, some stored checkpoint has its quorum."""
    assert true.verify(policy=POLICY).witnessed_size == 8
    report = forged.verify(policy=POLICY)

    assert report.first_break is not None
    assert "quorum" in report.first_break.what
    assert "stolen key" in report.first_break.meaning


async def test_the_witnesss_words_cannot_be_carried_over(true: World, forged: World) -> None:
    line = WITNESS.cosign(Note.parse(true.checkpoint.read_text()).text, TIME_S)
    forged.tamper(f"INSERT INTO cosignature VALUES (8, '{WITNESS.verifier.name}', '{line}')")
    report = forged.verify(policy=POLICY)

    assert report.first_break is not None
    assert "cosignature over 8 records does not hold" in report.first_break.what


async def test_a_changed_cosignature_is_found(true: World) -> None:
    true.tamper("UPDATE cosignature SET line = replace(line, 'A', 'B')")

    assert not true.verify(policy=POLICY).ok


async def test_a_cosignature_of_no_checkpoint_is_found_without_a_policy(true: World) -> None:
    true.tamper("UPDATE cosignature SET size = 100")

    assert not true.verify().ok


async def test_a_policy_that_asks_for_nobody_is_content(forged: World) -> None:
    """Not an attack."""
    assert forged.verify(policy=TrustPolicy()).ok

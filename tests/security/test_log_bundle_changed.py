"""Attack: a proof bundle is changed on its way to whoever verifies it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from placet.audit import standalone
from placet.audit.bundle import Bundle, Exhibit
from placet.audit.merkle import leaf_hash
from placet.audit.reader import LogReader
from placet.audit.record import Record, canonical
from tests.fakes.audit_world import AUDIT, World, approval, verdict
from tests.fakes.plain_tree import Tree
from tests.security import test_log_asker_decides as asker
from tests.security import test_log_console_invents_decision as invented
from tests.security import test_log_decision_changed as changed
from tests.security import test_log_item_decided_twice as twice
from tests.security import test_log_quorum_evaded as quorum_evaded
from tests.security import test_log_revoked_key as revoked_key
from tests.security import test_log_wrong_content as wrong_content
from tests.security.test_log_rules_all_matter import BY_CHECK, BY_STEP
from tests.unit.audit import test_by_actions as by_actions
from tests.unit.audit import test_pauses as paused
from tests.unit.audit import test_people as deciding
from tests.unit.audit import test_whose as whose

Files = dict[str, bytes]


def bundle_of(world: World) -> Bundle:
    """All records of a log, as whoever runs it can bundle them."""
    note = world.checkpoint.read_text()
    size = int(note.split("\n")[1])
    with LogReader(world.database) as reader:
        leaves = [entry.leaf for entry in reader.entries()]
        tree = Tree(map(leaf_hash, leaves[:size]))
        exhibits = [
            Exhibit(index, leaf, tuple(tree.inclusion_proof(index, size)), tuple(reader.bodies(index)))
            for index, leaf in enumerate(leaves[:size])
        ]
    return Bundle("req-1", world.signer.verifier.vkey, note, tuple(exhibits))


def unpacked(bundle: Bundle, path: Path) -> Files:
    path.write_bytes(bundle.to_zip())
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def verified(files: Files, world: World) -> dict:
    path = world.directory / "changed.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return standalone.verify(path, world.signer.verifier.vkey)


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    return world


def test_the_untouched_bundle_is_proven(world: World) -> None:
    assert verified(unpacked(bundle_of(world), world.directory / "b.zip"), world)["ok"]


def test_any_changed_byte_of_any_evidence_is_found(world: World) -> None:
    files = unpacked(bundle_of(world), world.directory / "b.zip")
    evidence = [name for name in files if name == "checkpoint" or name.startswith(("records/", "bodies/"))]
    unnoticed = []
    for name in evidence:
        for position in range(0, len(files[name]), 5):
            changed = bytearray(files[name])
            changed[position] ^= 1
            if verified({**files, name: bytes(changed)}, world)["ok"]:
                unnoticed.append((name, position))

    assert evidence
    assert unnoticed == []


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_record_that_another_rests_on_cannot_be_left_out(world: World, index: int) -> None:
    """§15.2: a record that rests on one that is not there is a break."""
    files = unpacked(bundle_of(world), world.directory / "b.zip")
    manifest = json.loads(files["bundle.json"])
    del manifest["records"][index]
    report = verified({**files, "bundle.json": json.dumps(manifest).encode()}, world)

    assert not report["ok"]
    assert f"record {index + 1}" in report["broken"]


def test_a_record_cannot_be_shown_twice_or_out_of_order(world: World) -> None:
    files = unpacked(bundle_of(world), world.directory / "b.zip")
    manifest = json.loads(files["bundle.json"])
    manifest["records"].append(manifest["records"][0])

    assert (
        "out of order" in verified({**files, "bundle.json": json.dumps(manifest).encode()}, world)["broken"]
    )


@pytest.mark.parametrize("name", ["../../etc/passwd", "records/none.json", 7, None])
def test_names_lead_nowhere_but_into_the_bundle(world: World, name: object) -> None:
    files = unpacked(bundle_of(world), world.directory / "b.zip")
    manifest = json.loads(files["bundle.json"])
    manifest["records"][0]["leaf"] = name

    assert not verified({**files, "bundle.json": json.dumps(manifest).encode()}, world)["ok"]


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(format="placet-bundle/2"),
        lambda manifest: manifest.update(records=[]),
        lambda manifest: manifest.update(records=[7]),
        lambda manifest: manifest["records"][0].update(index="0"),
        lambda manifest: manifest["records"][0]["bodies"][0].update(role="prompt"),
        lambda manifest: manifest["records"][0]["bodies"][0].update(salt="00" * 16),
    ],
)
def test_a_malformed_manifest_is_broken_not_a_crash(world: World, change: Callable[[dict], object]) -> None:
    files = unpacked(bundle_of(world), world.directory / "b.zip")
    manifest = json.loads(files["bundle.json"])
    change(manifest)
    report = verified({**files, "bundle.json": json.dumps(manifest).encode()}, world)

    assert not report["ok"]
    assert report["broken"]


@pytest.mark.parametrize(
    "story",
    [
        *(story for _, story in BY_STEP + BY_CHECK),
        *(quorum_evaded.alone, quorum_evaded.with_a_vote_that_was_taken_back),
        *(quorum_evaded.with_a_vote_on_another_program, quorum_evaded.after_a_verdict_that_names_no_quorum),
        *(revoked_key.issues_afterwards, revoked_key.starts_afterwards),
        *(wrong_content.keeps_another_program, wrong_content.keeps_another_output),
        by_actions.shows_another_plan,
        *(story for _, story, _ in deciding.BROKEN),
        *(story for _, story, _ in invented.STORIES),
        *(asker.as_a_caller, asker.denying_it, asker.without_the_console),
        *(twice.allows_afterwards, twice.allows_afterwards_as_oneself),
        *(quorum_evaded.with_a_vote_on_another_item, quorum_evaded.with_too_few_for_this_item),
        *changed.STORIES,
    ],
)
async def test_what_the_whole_logs_verifier_calls_broken_the_bundles_does_too(
    tmp_path: Path, story, monkeypatch
) -> None:
    """§15.2. The log's own writer broke a rule: every byte is signed, and the story is still wrong."""
    monkeypatch.setattr("audit_svc.batch.check_key", lambda *_: None)
    monkeypatch.setattr("audit_svc.batch.check_open", lambda *_: None)
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    ours = world.verify()
    theirs = verified(unpacked(bundle_of(world), world.directory / "b.zip"), world)

    assert ours.first_break is not None
    assert theirs["broken"].startswith(f"record {ours.first_break.index}:")


async def test_what_the_whole_logs_verifier_calls_good_the_bundles_does_too(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.append(AUDIT, "log_started", {"size": 0})
        await log.whole_run()
        await quorum_evaded.needs(log, 2)
        await quorum_evaded.votes(log, quorum_evaded.LEE)
        reached = await log.append(quorum_evaded.KIM, "verdict_reached", verdict(decided_by="human:kim"))
        issued = approval(reached, decided_by="human:kim", approval_id="b" * 32)
        await log.append(quorum_evaded.KIM, "approval_issued", issued)
        await paused.resumed(log, await paused.paused(log))
        await revoked_key.revoked(log)
        await log.whole_run("2")
        await deciding.claims_and_labels(log)
        await deciding.one_denies(log)
        await deciding.two_allow(log)
        await whose.whole(log)
        await by_actions.whole(log)

    assert world.verify().ok
    report = verified(unpacked(bundle_of(world), world.directory / "b.zip"), world)
    assert report["ok"], report["broken"]


def test_another_spelling_of_a_record_is_refused_even_under_a_proof_of_its_own(world: World) -> None:
    """A record's bytes are the only ones that write it (§1), whoever signed them."""
    leaf = bundle_of(world).exhibits[0].leaf
    for spelled in (leaf + b" ", leaf.replace(b'"v":1', b'"v":1.0'), leaf.replace(b'{"actor"', b'{ "actor"')):
        with pytest.raises(standalone.Broken):
            standalone.parse(spelled)
    assert canonical(standalone.parse(leaf)) == leaf == Record.decode(leaf).encode()

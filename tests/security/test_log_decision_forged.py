"""Attack: console and log together make up what a person signed (docs/audit-format.md §6.25)."""

from __future__ import annotations

from pathlib import Path

import pytest

from placet.approval import SigningKey
from placet.approval.decision import sign_decision
from placet.approval.envelope import sign
from placet.audit import standalone
from tests.fakes.audit_world import World, Writer
from tests.fakes.people import KEYS, REVIEWERS, at_the_console
from tests.fakes.weakened import without
from tests.security.test_log_bundle_changed import bundle_of


async def signs_with_a_new_key(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim", signed=sign_decision(item.says("kim"), SigningKey.generate()))


async def signs_with_the_key_of_another_person(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim", signed=sign_decision(item.says("kim"), KEYS["lee"]))


async def has_another_person_sign_the_approval(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim")
    issued, statement = await item.issues("kim", await item.closes("kim"))
    await item.signs(issued, sign(statement, KEYS["lee"]))


async def names_another_persons_key(log: Writer) -> None:
    item = await at_the_console(log)
    await item.decides("kim")
    issued, statement = await item.issues("kim", await item.closes("kim"), key_id=KEYS["lee"].key_id)
    await item.signs(issued, sign(statement, KEYS["lee"]))


@pytest.mark.parametrize(
    "story",
    [
        signs_with_a_new_key,
        signs_with_the_key_of_another_person,
        has_another_person_sign_the_approval,
        names_another_persons_key,
    ],
)
async def test_with_the_keys_of_people_it_is_named(tmp_path: Path, story, monkeypatch) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    report = world.verify(reviewers=REVIEWERS)

    assert report.first_break is not None
    assert "(review_given)" in report.first_break.what or "(approval_signed)" in report.first_break.what
    assert report.first_break.meaning == "Whoever kept the record put words into a person's mouth."

    without(monkeypatch, "signatures of people")
    assert world.verify(reviewers=REVIEWERS).ok, "nothing but the signatures gives it away"


@pytest.mark.parametrize(
    "story", [signs_with_a_new_key, signs_with_the_key_of_another_person, names_another_persons_key]
)
async def test_a_bundle_gives_it_away_as_well(tmp_path: Path, story) -> None:
    """§15.2, and without the keys of people it fits together."""
    world = World(tmp_path)
    async with world.writing() as log:
        await story(log)
    found = [standalone.verify(zipped(world), vkey(world), (), keys) for keys in (None, directory(tmp_path))]

    assert [report["ok"] for report in found] == [True, False]
    assert "no key of human:kim" in found[1]["broken"]


async def test_a_bundle_of_what_people_truly_signed_is_proven(tmp_path: Path) -> None:
    """Not an attack."""
    world = World(tmp_path)
    async with world.writing() as log:
        await (await at_the_console(log)).approves("kim")
    report = standalone.verify(zipped(world), vkey(world), (), directory(tmp_path))

    assert (report["ok"], report["people"]) == (True, 3), report["broken"]
    assert any("keys of 3 people" in line for line in standalone.lines(report))


def directory(tmp_path: Path) -> Path:
    """The keys of people, as an executor has them."""
    keys = tmp_path / "keys"
    keys.mkdir()
    for name, key in KEYS.items():
        (keys / f"reviewer-{name}.pub.pem").write_bytes(key.public.to_pem())
    return keys


def zipped(world: World) -> Path:
    path = world.directory / "b.zip"
    path.write_bytes(bundle_of(world).to_zip())
    return path


def vkey(world: World) -> str:
    return world.signer.verifier.vkey


async def test_a_key_that_was_revoked_since_still_shows_what_it_signed(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await (await at_the_console(log)).approves("kim")
    revoked = type(REVIEWERS)(REVIEWERS.trusted, frozenset({KEYS["kim"].key_id}), REVIEWERS.people)

    assert world.verify(reviewers=revoked).ok

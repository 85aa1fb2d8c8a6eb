"""Attack: content is taken out without a record, or what the log calls erased is kept (§9.5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit_svc.batch import Draft
from audit_svc.store.types import BodyKey
from tests.fakes.audit_world import AUDIT, World
from tests.fakes.weakened import without

ERASED = {"by": AUDIT, "reason": "retention", "erased": [{"index": 0, "role": "program"}]}


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """Records 0 to 3 are a run; record 4 says that the program of record 0 was erased."""
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        draft = Draft("bodies_erased", "req-1", AUDIT, ERASED, erases=(BodyKey(0, "program"),))
        await log.sequencer.append(draft)
    return world


async def test_an_erased_body_leaves_the_proof_whole(world: World) -> None:
    """Not an attack. §9.3."""
    report = world.verify()

    assert report.ok, report.first_break
    assert (report.bodies_present, report.bodies_erased) == (3, 1)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("DELETE FROM body WHERE idx = 3 AND role = 'stdout'", 3),
        ("UPDATE body SET salt = NULL, content = NULL, erased_by = 4 WHERE idx = 3 AND role = 'stdout'", 3),
        ("UPDATE body SET salt = NULL, content = NULL, erased_by = 1 WHERE idx = 3 AND role = 'stdout'", 3),
        ("UPDATE body SET salt = x'00', content = x'00', erased_by = NULL WHERE idx = 0", 0),
        ("UPDATE body SET erased_by = 3 WHERE idx = 0", 4),
        ("UPDATE body SET class = 'output' WHERE idx = 1", 1),
        ("UPDATE body SET role = 'stdout' WHERE idx = 1", 1),
        ("INSERT INTO body VALUES (2, 'program', 'program', x'00', x'00', NULL)", 2),
        ("INSERT INTO body VALUES (9, 'program', 'program', x'00', x'00', NULL)", 9),
    ],
)
async def test_it_is_named(world: World, statement: str, index: int, monkeypatch) -> None:
    """§9.5."""
    world.tamper(statement)
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == index, report.first_break

    without(monkeypatch, "bodies")
    assert world.verify().ok, "nothing but this check finds it"


async def test_what_was_erased_cannot_be_put_back_even_with_its_salt(tmp_path: Path, monkeypatch) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        with world.reader() as reader:
            (program,) = reader.bodies(0)
        draft = Draft("bodies_erased", "req-1", AUDIT, ERASED, erases=(BodyKey(0, "program"),))
        await log.sequencer.append(draft)
    world.tamper(
        f"UPDATE body SET salt = x'{program.salt.hex()}', content = x'{program.content.hex()}', "
        "erased_by = NULL WHERE idx = 0"
    )
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == 4
    assert "put back" in report.first_break.meaning

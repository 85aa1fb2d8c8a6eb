"""Attack: two readers are shown two histories that begin alike, each with a signed checkpoint of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.audit_world import GUARD, World, verdict
from tests.fakes.weakened import without


@pytest.fixture
async def views(tmp_path: Path) -> tuple[World, World]:
    """The log forks after its first run: one reader sees a denial, the other does not."""
    one = World(tmp_path / "one")
    one.directory.mkdir()
    async with one.writing() as log:
        await log.whole_run()
    two = World(tmp_path / "two", one.signer)
    shutil.copytree(one.directory, two.directory)
    async with one.writing() as log:
        await log.append(GUARD, "verdict_reached", verdict(verdict="DENIED"))
        await log.whole_run("2")
    async with two.writing() as log:
        await log.whole_run("3")
    return one, two


async def test_each_alone_is_whole(views: tuple[World, World]) -> None:
    assert all(view.verify().ok for view in views)


@pytest.mark.parametrize("mine", [0, 1])
async def test_comparing_checkpoints_shows_the_fork(views, mine: int, monkeypatch) -> None:
    """docs/audit-format.md §6.19."""
    view, other = views[mine], views[1 - mine]
    report = view.verify(kept=[other.checkpoint])

    assert report.first_break is not None
    assert report.first_break.index is not None
    assert report.first_break.index >= 4, "the first run is the same in both"

    without(monkeypatch, "roots")
    assert view.verify(kept=[other.checkpoint]).ok, "nothing but this check finds it"


async def test_a_longer_view_of_the_same_history_is_no_fork(views, tmp_path: Path) -> None:
    """Not an attack: an older checkpoint of this very log."""
    old = tmp_path / "old"
    shutil.copy(views[0].checkpoint, old)
    async with views[0].writing() as log:
        await log.whole_run("4")

    assert views[0].verify(kept=[old]).ok


async def test_a_checkpoint_of_a_later_state_shows_that_the_end_is_missing(views, tmp_path: Path) -> None:
    later = tmp_path / "later"
    back = views[0].backup()
    checkpoint = views[0].checkpoint.read_bytes()
    async with views[0].writing() as log:
        await log.whole_run("4")
    shutil.copy(views[0].checkpoint, later)
    back()
    views[0].checkpoint.write_bytes(checkpoint)

    assert views[0].verify().ok
    report = views[0].verify(kept=[later])
    assert report.first_break is not None
    assert "are missing" in report.first_break.what

"""Attack: the newest records are cut off, together with the database's own checkpoints over them."""

from pathlib import Path

import pytest

from tests.fakes.audit_world import World


@pytest.mark.parametrize("kept", [0, 1, 3])
async def test_a_cut_tail_contradicts_the_checkpoint_outside(log_world: World, kept: int) -> None:
    world = log_world
    async with world.writing() as log:
        await log.whole_run()
    world.tamper(
        f"DELETE FROM log_entry WHERE idx >= {kept}",
        f"DELETE FROM body WHERE idx >= {kept}",
        f"DELETE FROM checkpoint WHERE size > {kept}",
    )
    report = world.verify()

    assert report.first_break is not None
    assert report.first_break.index == kept
    assert "cut off" in report.first_break.meaning


async def test_without_the_checkpoint_outside_nothing_is_called_proven(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    world.checkpoint.unlink()

    assert not world.verify().ok


async def test_a_checkpoint_of_another_key_proves_nothing(tmp_path: Path) -> None:
    world, other = World(tmp_path), World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    world.signer = other.signer

    assert not world.verify().ok

"""Attack: the service is started on an older or changed copy of its database."""

from pathlib import Path

import pytest

from audit_svc.anchor import LogInconsistent
from tests.fakes.audit_world import World


async def test_it_refuses_an_older_copy_and_says_so(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await log.whole_run()
    go_back = world.backup()
    async with world.writing() as log:
        await log.whole_run("2")
    go_back()

    with pytest.raises(LogInconsistent, match="rolled back"):
        async with world.writing():
            pass


async def test_it_refuses_an_empty_database_where_there_was_a_log(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
    world.database.unlink()

    with pytest.raises(LogInconsistent):
        async with world.writing():
            pass


async def test_it_refuses_a_rewritten_hash(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await log.whole_run()
    world.flip("log_entry", "leaf_hash", 1)

    with pytest.raises(LogInconsistent, match="another root"):
        async with world.writing():
            pass


async def test_it_refuses_when_the_checkpoint_file_is_gone(log_world: World) -> None:
    world = log_world
    async with world.writing() as log:
        await log.whole_run()
    world.checkpoint.unlink()

    with pytest.raises(LogInconsistent, match="missing"):
        async with world.writing():
            pass


async def test_it_goes_on_when_a_crash_left_the_file_one_batch_behind(log_world: World) -> None:
    """Not an attack: commit comes before the file, so the file may lag."""
    world = log_world
    async with world.writing() as log:
        await log.whole_run()
        behind = world.checkpoint.read_text()
        await log.whole_run("2")
    world.checkpoint.write_text(behind)

    assert world.verify().ok
    async with world.writing() as log:
        await log.whole_run("3")
    assert world.verify().ok

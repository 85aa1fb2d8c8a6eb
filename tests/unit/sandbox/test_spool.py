"""Bytes on their way: where they are held, and that nothing is left of them."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import tempfile
import threading

import pytest

from executor_svc.sandbox import aio
from executor_svc.sandbox.spool import CHUNK, IN_MEMORY, Held, Spool, held
from tests.fakes.open_files import files_of_at_most, forget, nameless_files

LARGE = IN_MEMORY + 1


@pytest.fixture(autouse=True)
def _nothing_from_before() -> None:
    forget()


def test_few_bytes_cost_no_file_and_many_cost_one_without_a_name() -> None:
    few = Spool(IN_MEMORY)
    assert not nameless_files()
    many = Spool(LARGE)
    (file,) = nameless_files()
    assert file.st_nlink == 0
    assert file.st_mode & 0o777 == 0o600
    few.close()
    many.close()


@pytest.mark.parametrize("size", [0, 10, IN_MEMORY, LARGE + 2 * CHUNK])
def test_what_was_written_is_what_is_read_in_chunks(size: int) -> None:
    content = os.urandom(size)
    kept = held(content)
    chunks = list(kept.chunks())
    assert b"".join(chunks) == content
    assert all(len(chunk) <= CHUNK for chunk in chunks)


async def test_what_was_written_is_what_is_streamed() -> None:
    content = os.urandom(LARGE)
    assert b"".join([chunk async for chunk in held(content).stream()]) == content


@pytest.mark.parametrize("size", [300, LARGE])
def test_stretches_do_not_touch_one_another(size: int) -> None:
    spool = Spool(size)
    first, second = Held(spool, 0, 100), Held(spool, 100, 100)
    spool.write(100, b"b" * 100)
    spool.write(0, b"a" * 100)
    assert [b"".join(kept.chunks()) for kept in (first, second)] == [b"a" * 100, b"b" * 100]


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize(("position", "length"), [(-1, 1), (0, -1), (1, None), (None, 1)])
def test_nothing_is_read_or_written_outside_the_room(
    size: int, position: int | None, length: int | None
) -> None:
    spool = Spool(size)
    where, much = size if position is None else position, size if length is None else length
    with pytest.raises(ValueError, match="not within"):
        spool.read(where, much)
    if much >= 0:
        with pytest.raises(ValueError, match="not within"):
            spool.write(where, bytes(much))


def test_all_of_the_room_is_taken_at_once() -> None:
    spool = Spool(8 * IN_MEMORY)
    (file,) = nameless_files()
    assert file.st_blocks * 512 >= 8 * IN_MEMORY
    spool.close()


def test_more_than_half_of_the_free_disk_is_never_taken() -> None:
    disk = os.statvfs(tempfile.gettempdir())
    with pytest.raises(OSError, match="No space left") as refused:
        Spool(disk.f_bavail * disk.f_frsize * 3 // 4)
    assert refused.value.errno == errno.ENOSPC
    assert not nameless_files()


def test_a_file_that_may_not_grow_leaves_nothing_open() -> None:
    with files_of_at_most(IN_MEMORY), pytest.raises(OSError, match="File too large"):
        Spool(2 * IN_MEMORY)
    assert not nameless_files()


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_closed_spool_holds_nothing(size: int) -> None:
    kept = held(bytes(size))
    kept.spool.close()
    kept.spool.close()
    assert not nameless_files()
    with pytest.raises(ValueError, match="not within"):
        next(kept.chunks())


@pytest.mark.parametrize(("size", "elsewhere"), [(10, False), (LARGE, True)])
async def test_only_a_large_spool_is_released_by_a_thread(
    size: int, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, close, threads = Spool(size), Spool.close, []

    def noted() -> None:
        threads.append(threading.get_ident())
        close(spool)

    monkeypatch.setattr(spool, "close", noted)
    await spool.release()
    await spool.release()
    assert not nameless_files()
    assert (threads[0] != threading.get_ident()) == elsewhere
    assert threads[1] == threading.get_ident()


def test_a_forgotten_spool_is_gone_with_its_last_holder() -> None:
    kept = held(bytes(LARGE))
    assert len(nameless_files()) == 1
    del kept
    gc.collect()
    assert not nameless_files()


async def test_who_is_cancelled_waits_for_the_thread_that_works_for_it() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    task = asyncio.create_task(aio.call(work, in_thread=True))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(2):  # the second changes nothing
        task.cancel()
        await asyncio.sleep(0.02)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_a_thread_has_made_for_who_is_cancelled_is_undone() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> Spool:
        begun.set()
        may_end.wait(10)
        return Spool(LARGE)

    gc.disable()
    task = asyncio.create_task(aio.call(work, in_thread=True, undo=Spool.release))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0.02)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = nameless_files()
    gc.enable()
    assert not left


@pytest.mark.parametrize("in_thread", [True, False])
async def test_blocking_work_answers_and_fails_as_it_would_here(in_thread: bool) -> None:
    assert await aio.call(max, 1, 2, in_thread=in_thread) == 2
    with pytest.raises(ZeroDivisionError):
        await aio.call(divmod, 1, 0, in_thread=in_thread)

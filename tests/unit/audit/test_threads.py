"""A read in a thread and its connection: one at a time, whoever gives up waiting."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from audit_svc.console.log import Reading
from audit_svc.threads import in_thread
from placet.audit.reader import LogReader
from tests.fakes.audit_world import World


async def test_who_is_cancelled_waits_for_the_end_of_the_work() -> None:
    """So that nothing is closed under it."""
    begun, go_on = threading.Event(), threading.Event()
    ended: list[bool] = []

    def work() -> None:
        begun.set()
        go_on.wait(10)
        ended.append(True)

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_a_reading_that_was_given_up_does_not_share_its_connection(tmp_path: Path) -> None:
    """A browser that goes away in the middle of a page must not let the next page into the same query."""
    world = World(tmp_path)
    async with world.writing():
        pass
    at_once: list[int] = []
    inside = threading.Semaphore(0)
    go_on = threading.Event()
    running = 0

    def slow(_: LogReader) -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        inside.release()
        go_on.wait(10)
        running -= 1

    with world.reader() as reader:
        reading = Reading(reader)
        given_up = asyncio.create_task(reading.ask(slow))
        await asyncio.to_thread(inside.acquire)
        given_up.cancel()
        next_one = asyncio.create_task(reading.ask(slow))
        await asyncio.sleep(0.05)
        go_on.set()
        await asyncio.gather(given_up, next_one, return_exceptions=True)

    assert at_once == [1, 1]

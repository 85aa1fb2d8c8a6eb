"""Waiting in asyncio: for descriptors, without transports, and for threads. Knows nothing of sandboxes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import select
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

R = TypeVar("R")


async def readable(handle: int) -> None:
    """Return when `handle` can be read or has ended. One waiter per descriptor."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(handle, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(handle)


async def write_all(handle: int, data: bytes) -> None:
    """Write everything to a non-blocking descriptor.

    Raises OSError (BrokenPipeError when the reader is gone).
    """
    loop = asyncio.get_running_loop()
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except BlockingIOError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_writer(handle, _resolve, ready)
            try:
                await ready
            finally:
                loop.remove_writer(handle)


async def call(
    work: Callable[..., R],
    *args: object,
    in_thread: bool,
    undo: Callable[[R], Awaitable[None]] | None = None,
) -> R:
    """Do blocking work here or, if it may take long, in a thread.

    Being cancelled waits for the thread's end: what it uses may be closed as soon as this has returned.
    `undo` gets the result that nobody takes then.
    """
    if not in_thread:
        return work(*args)
    done = asyncio.get_running_loop().run_in_executor(None, functools.partial(work, *args))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        while not done.done():
            with contextlib.suppress(asyncio.CancelledError):  # asked again, which changes nothing
                await asyncio.wait([done])
        if undo is not None and done.exception() is None:
            await undo(done.result())
        raise


async def over(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what goes on, and be there until it has ended, whoever else cancels."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def has_ended(pidfd: int, wait_ms: int = 0) -> bool:
    """Whether the process is dead; blocks for at most `wait_ms`."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(wait_ms))

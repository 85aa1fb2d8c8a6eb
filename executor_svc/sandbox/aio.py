"""Waiting for file descriptors in asyncio, without transports. Knows nothing of sandboxes."""

from __future__ import annotations

import asyncio
import os
import select


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


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def has_ended(pidfd: int, wait_ms: int = 0) -> bool:
    """Whether the process is dead; blocks for at most `wait_ms`."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(wait_ms))

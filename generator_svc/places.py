"""How many tasks are held at a time: those that are solved, and those that wait for people meanwhile.

Each holds its inputs in memory, which is what the numbers bound. Knows numbers only.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc

from placet.rpc.errors import ServiceError

T = TypeVar("T")


class Places:
    """For one event loop. A task that has waited goes on at once, beside those that took its place."""

    def __init__(self, *, solving: int, waiting: int) -> None:
        self._solving, self._waiting = solving, waiting
        self._closing = asyncio.Event()

    def close(self) -> None:
        """The service stops: whoever waits is answered now, while there is somebody to answer."""
        self._closing.set()

    @contextmanager
    def solving(self) -> Iterator[None]:
        """A place for a task. Raises ServiceError RESOURCE_EXHAUSTED/TOO_MANY_TASKS when all are taken."""
        if self._solving <= 0:
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_TASKS",
                "As many tasks as this generator takes are being solved. Try again later.",
                retry_after_s=5.0,
            )
        self._solving -= 1
        try:
            yield
        finally:
            self._solving += 1

    @contextmanager
    def waiting(self) -> Iterator[bool]:
        """Leave a task's place to others while it waits. False: too many wait already."""
        if self._waiting <= 0:
            yield False
            return
        self._waiting, self._solving = self._waiting - 1, self._solving + 1
        try:
            yield True
        finally:
            self._waiting, self._solving = self._waiting + 1, self._solving - 1

    async def unless_closing(self, waited: Coroutine[Any, Any, T]) -> T | None:
        """What is waited for; None when the service stops before it is there."""
        waiting, closing = asyncio.ensure_future(waited), asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({waiting, closing}, return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            for task in (waiting, closing):
                task.cancel()
            await asyncio.gather(waiting, closing, return_exceptions=True)

"""How many tasks are held at a time: those that are solved, and those that wait for people meanwhile.

Each holds its inputs in memory, which is what the numbers bound; a task that waits for its turn holds nothing
yet. Knows numbers and callers' names only.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

import grpc

from placet.rpc.errors import ServiceError
from placet.turns import Full, Turns

T = TypeVar("T")


class Places:
    """For one event loop. A task that has waited goes on at once, beside those that took its place."""

    def __init__(self, *, solving: int, waiting: int, queued: int = 0) -> None:
        """`queued` tasks wait for one of the `solving` places, callers in turn."""
        self._turns, self._waiting = Turns(at_once=solving, waiting=queued), waiting
        self._closing = asyncio.Event()

    def close(self) -> None:
        """The service stops: whoever waits is answered now, while there is somebody to answer."""
        self._closing.set()

    @asynccontextmanager
    async def solving(self, caller: str) -> AsyncIterator[None]:
        """A place for a task, in turn with other callers' tasks.

        Raises ServiceError RESOURCE_EXHAUSTED/TOO_MANY_TASKS when as many wait as may.
        """
        async with AsyncExitStack() as held:
            try:
                held.enter_context(self._turns.place(caller))
            except Full:
                raise _too_many() from None
            await held.enter_async_context(self._turns.turn(caller))
            yield

    @contextmanager
    def waiting(self, caller: str) -> Iterator[bool]:
        """Leave a task's place to others while it waits. False: too many wait already."""
        if self._waiting <= 0:
            yield False
            return
        self._waiting -= 1
        try:
            with self._turns.stepped_out(caller):
                yield True
        finally:
            self._waiting += 1

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


def _too_many() -> ServiceError:
    return ServiceError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_MANY_TASKS",
        "As many tasks as this generator takes are being solved or wait for it. Try again later.",
        retry_after_s=5.0,
    )

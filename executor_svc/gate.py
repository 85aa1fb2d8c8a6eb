"""How many requests are in the house and how many of them run: back-pressure before memory runs out.

Knows numbers; knows no request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import grpc

from placet.rpc.errors import ServiceError

RETRY_AFTER_S: Final = 1.0


class Gate:
    """Lets `running + queued` requests in and `running` of them run at once."""

    def __init__(self, *, running: int, queued: int, rest_s: float = 0.0) -> None:
        """`rest_s`: how late a run is answered that a limit ended; as many as may run may wait so at once."""
        self._most = running + queued
        self._inside = 0
        self._slots = asyncio.Semaphore(running)
        self._rest_s = rest_s
        self._may_rest = running

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Be in the house, or be told to come back: RESOURCE_EXHAUSTED/EXECUTOR_BUSY with a retry delay."""
        if self._inside >= self._most:
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "EXECUTOR_BUSY",
                f"{self._inside} runs are going on or waiting; nothing was spent, try again",
                retry_after_s=RETRY_AFTER_S,
            )
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Wait for one of the slots and hold it."""
        async with self._slots:
            yield

    async def rest(self, at_most_s: float) -> None:
        """Wait, without a slot: who starts program after program that breaks a limit is slowed, nobody else.

        Not at all when as many wait already as may run: what a waiting run has left is held meanwhile.
        """
        if not self._may_rest:
            return
        self._may_rest -= 1
        try:
            await asyncio.sleep(min(self._rest_s, at_most_s))
        finally:
            self._may_rest += 1

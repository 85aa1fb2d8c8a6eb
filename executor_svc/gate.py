"""How many requests are in the house and how many of them run: back-pressure before memory runs out.

Knows two numbers; knows no request.
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

    def __init__(self, *, running: int, queued: int) -> None:
        self._most = running + queued
        self._inside = 0
        self._slots = asyncio.Semaphore(running)

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

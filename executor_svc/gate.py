"""How many requests are in the house and how many of them run: back-pressure before memory runs out.

Knows numbers and callers' names; knows no request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from typing import Final

import grpc

from placet.rpc.errors import ServiceError
from placet.turns import Full, Turns

RETRY_AFTER_S: Final = 1.0


class Gate:
    """Lets `running + queued` requests in and `running` of them run at once; callers take turns."""

    def __init__(self, *, running: int, queued: int, rest_s: float = 0.0) -> None:
        """`rest_s`: how late a run is answered that a limit ended; as many as may run may wait so at once."""
        self._turns = Turns(at_once=running, waiting=queued)
        self._rest_s = rest_s
        self._may_rest = running

    @contextmanager
    def enter(self, caller: str) -> Iterator[None]:
        """Be in the house, or be told to come back: RESOURCE_EXHAUSTED/EXECUTOR_BUSY with a retry delay."""
        with ExitStack() as held:
            try:
                held.enter_context(self._turns.place(caller))
            except Full as full:
                raise _busy(full.held) from None
            yield

    def run(self, caller: str) -> AbstractAsyncContextManager[None]:
        """Wait for one of the slots, in turn with other callers, and hold it."""
        return self._turns.turn(caller)

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


def _busy(held: int) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "EXECUTOR_BUSY",
        f"{held} runs are going on or waiting; nothing was spent, try again",
        retry_after_s=RETRY_AFTER_S,
    )

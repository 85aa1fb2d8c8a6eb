"""Whose turn it is: so many are served at a time, tenants in rotation, and no tenant takes all the places.

Knows tenants' names and numbers (docs/quotas.md §4). Pure but for futures; must not know what is served.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

SHARE: Final = 4
"""A tenant may hold so many times as many places as are left; alone it fills four fifths of the house."""


class Full(Exception):  # noqa: N818 - named for the state it reports
    """There is no place for this tenant now; `held` are taken, by all."""

    def __init__(self, held: int) -> None:
        super().__init__(f"{held} places are taken")
        self.held = held


class Turns:
    """Serves `at_once` at a time and lets `waiting` more wait. For one event loop."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._at_once, self._most, self._free = at_once, at_once + waiting, at_once
        self._places: Counter[str] = Counter()
        self._held = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """Tenants that wait, the next one first; each with its turns in the order of arrival."""

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._waiting.values()))

    @contextmanager
    def place(self, tenant: str) -> Iterator[None]:
        """A place in the house, whether waiting or served. Raises Full."""
        left = self._most - self._held
        if self._held >= self._at_once and self._places[tenant] >= SHARE * left:
            raise Full(self._held)
        self._move(tenant, 1)
        try:
            yield
        finally:
            self._move(tenant, -1)

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Wait for this tenant's turn, and be served."""
        await self._take(tenant)
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def stepped_out(self, tenant: str) -> Iterator[None]:
        """Leave place and turn to others; afterwards have both at once, beside whoever took them."""
        self._move(tenant, -1)
        self._give_back()
        try:
            yield
        finally:
            self._move(tenant, 1)
            self._free -= 1

    def _move(self, tenant: str, by: int) -> None:
        self._held += by
        self._places[tenant] += by
        if not self._places[tenant]:
            del self._places[tenant]

    async def _take(self, tenant: str) -> None:
        if self._free > 0:  # then nobody waits
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(tenant, turn)
            else:  # it came at the moment at which nobody wanted it any more
                self._give_back()
            raise

    def _give_back(self) -> None:
        self._free += 1
        while self._free > 0 and self._waiting:
            tenant = next(iter(self._waiting))
            turns = self._waiting.pop(tenant)
            turn = turns.popleft()
            if turns:
                self._waiting[tenant] = turns  # behind all others
            if not turn.done():
                self._free -= 1
                turn.set_result(None)

    def _forget(self, tenant: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(tenant, deque())
        if turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting.pop(tenant, None)

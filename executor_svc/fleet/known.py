"""Which workers there are, what each has said that it is, and which is better not asked just now.

Knows addresses, offers and the time. Must not know leases or tenants.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

import structlog

from executor_svc.fleet.discovery import Source
from placet.rpc.errors import ServiceError

HEARD_S: Final = 60.0
"""For how long a worker counts that has answered."""
SURVEY_S: Final = 10.0
_SURVEY_WITHOUT_ANY_S: Final = 1.0
_SURVEYED_AT_ONCE: Final = 8
_SURVEYED_PART: Final = 4
"""Of many workers a quarter is asked in a round, so that each is asked in less time than it counts for."""
_REST_S: Final = 0.1
_LONGEST_REST_S: Final = 1.0
_SILENT_REST_S: Final = 15.0
"""Until a worker that could not be had is asked again: longer each time."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Offer:
    """What a worker says that it is. An empty tier is offered by one whose self-test fails."""

    tier: str
    isolation: tuple[str, ...]
    libraries: tuple[str, ...]
    stages: frozenset[str] = frozenset()
    """What it can do around a program. One that is older than stages says nothing of them."""


NOTHING: Final = Offer("", (), ())

Describe = Callable[[str], Awaitable[Offer]]
"""Asks the worker at an address. Raises ServiceError, OSError or ValueError."""


@dataclass
class _Worker:
    offer: Offer | None = None
    heard: float = 0.0
    asked: float = 0.0
    """By the survey, and whether or not it has answered: those that are gone must not keep others waiting."""
    rests_until: float = 0.0
    refusals: int = 0
    """One after the other."""


class Known:
    """All workers of a source, as far as this front has heard of them."""

    def __init__(self, source: Source, describe: Describe, on_change: Callable[[], None]) -> None:
        self._source = source
        self._describe = describe
        self._on_change = on_change
        self._workers: dict[str, _Worker] = {}

    @property
    def addresses(self) -> frozenset[str]:
        """Where they are."""
        return frozenset(self._workers)

    @property
    def offers(self) -> list[Offer]:
        """Of the sound ones that were heard of lately."""
        now = time.monotonic()
        heard = [each.offer for each in self._workers.values() if now - each.heard < HEARD_S]
        return [offer for offer in heard if offer is not None and offer.tier]

    def worth_asking(self, but: Collection[str], stages: frozenset[str] = frozenset()) -> list[str]:
        """Those that are not in `but`, do not rest and are not known to lack one of `stages`.

        In no order: every front asks others first.
        """
        now = time.monotonic()
        awake = {at: each for at, each in self._workers.items() if at not in but and each.rests_until <= now}
        found = [at for at, each in awake.items() if each.offer is None or stages <= each.offer.stages]
        random.shuffle(found)
        return found

    def heard(self, address: str, offer: Offer) -> None:
        """It has answered."""
        if (worker := self._workers.get(address)) is not None:
            worker.offer, worker.heard, worker.refusals = offer, time.monotonic(), 0

    def rest(self, address: str, *, silent: bool = False) -> None:
        """It is better not asked for a moment; for longer if asking it took time, which others wait."""
        if (worker := self._workers.get(address)) is not None:
            refused_s = min(_REST_S * 2**worker.refusals, _LONGEST_REST_S)
            worker.rests_until = time.monotonic() + (_SILENT_REST_S if silent else refused_s)
            worker.refusals += 1

    async def look(self) -> None:
        """Learn of workers that come and go; a failure leaves what is known."""
        try:
            found = await self._source.look()
        except (OSError, ValueError) as error:
            _log.warning("workers cannot be looked for", error=str(error))
            return
        if found != self._workers.keys():
            joined, left = sorted(found - self._workers.keys()), sorted(self._workers.keys() - found)
            _log.info("workers", known=len(found), joined=joined, left=left)
            self._workers = {address: self._workers.get(address, _Worker()) for address in found}
            self._on_change()

    async def discover(self) -> None:
        """One round of looking, as long as its answer is good for."""
        await self.look()
        await asyncio.sleep(self._source.interval_s)

    async def survey(self) -> None:
        """One round of asking those that were not heard of, or asked, for longest."""
        now = time.monotonic()
        due = {at: each for at, each in self._workers.items() if now - each.heard > SURVEY_S}
        turns = sorted(due, key=lambda at: max(due[at].heard, due[at].asked))
        several = max(_SURVEYED_AT_ONCE, -(-len(self._workers) // _SURVEYED_PART))
        for address in turns[:several]:
            due[address].asked = now
        await asyncio.gather(*map(self._ask, turns[:several]))
        await asyncio.sleep(SURVEY_S if self.offers else _SURVEY_WITHOUT_ANY_S)

    async def _ask(self, address: str) -> None:
        with contextlib.suppress(ServiceError, OSError, ValueError):  # then it has not been heard of
            self.heard(address, await self._describe(address))

"""The workers that this front holds, and how they are lent to runs (docs/workers.md §3).

Knows leases and who waits; no approval and no record. One lease is asked for at a time, so that a crowd of
requests is no crowd of calls.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import grpc
import structlog

from executor_svc import refusals
from executor_svc.fleet import hold
from executor_svc.fleet.discovery import Source
from executor_svc.fleet.hold import Hold
from executor_svc.fleet.known import Known, Offer
from executor_svc.fleet.roster import Roster, Want
from executor_svc.fleet.seat import Seat
from placet.approval.statement import tier_number
from placet.rpc import metrics
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

RETRY_AFTER_S: Final = 2.0
_AGAIN_S: Final = 0.1
"""Until workers are asked again when none could be had."""
_AFTER_FAILURE_S: Final = 1.0

_log = structlog.get_logger()


@dataclass(frozen=True)
class Patience:
    """In seconds: how long a request waits for a worker, a worker for the next request of its tenant, and how
    long a worker is held at all."""

    wait_s: float
    idle_s: float
    lease_s: float


class Fleet:
    """Places, on workers elsewhere. Use it as `async with`: leaving gives every worker back."""

    def __init__(self, source: Source, tls: TlsFiles, patience: Patience) -> None:
        self._tls = tls
        self._patience = patience
        self._roster = Roster()
        self._changed = asyncio.Event()
        self._known = Known(source, lambda address: hold.describe(address, tls), self._changed.set)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Fleet:
        await self._known.look()
        for work in (self._known.discover, self._known.survey, self._hire):
            self._keep(_again_and_again(work))
        for state in ("leased", "free", "unready"):
            metrics.WORKERS.labels(state).set_function(partial(self._count, state))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(held.close() for held in self.holds()))

    @property
    def tier(self) -> str:
        """The weakest of the workers that were heard of lately; empty when there is none."""
        return min((offer.tier for offer in self._offers()), key=tier_number, default="")

    @property
    def isolation(self) -> tuple[str, ...]:
        """How many there are, and what the self-test of the weakest checked."""
        if not (offers := self._offers()):
            return ()
        weakest = min(offers, key=lambda offer: tier_number(offer.tier))
        return (f"{len(offers)} workers, {self.counts['leased']} of them held here", *weakest.isolation)

    @property
    def libraries(self) -> tuple[str, ...]:
        """What every worker has."""
        found = [frozenset(offer.libraries) for offer in self._offers()]
        return tuple(sorted(frozenset.intersection(*found))) if found else ()

    @property
    def addresses(self) -> frozenset[str]:
        """Where workers are now, as far as it is known."""
        return self._known.addresses

    @property
    def counts(self) -> dict[str, int]:
        """How many workers are held here; were heard of, and are not; and are known, and not heard of."""
        leased, sound = len(self._roster.leases), len(self._offers())
        unready = len(self.addresses | {held.address for held in self.holds()}) - sound
        return {"leased": leased, "free": max(0, sound - leased), "unready": max(0, unready)}

    def _count(self, state: str) -> int:
        return self.counts[state]

    def holds(self) -> list[Hold]:
        """Every worker that is held here."""
        return [lease for lease in self._roster.leases if isinstance(lease, Hold)]

    @asynccontextmanager
    async def place(self, tenant: str, stages: frozenset[str]) -> AsyncIterator[Seat]:
        """See Places."""
        seat = Seat(self, Want(tenant, stages))
        await seat.take()
        try:
            yield seat
        finally:
            seat.leave()

    async def lease(self, want: Want) -> Hold:
        """A hold with room for one run, which `leave` gives back. Raises ServiceError; see Places."""
        waiter = self._roster.ask(want)
        self._changed.set()
        try:
            async with asyncio.timeout(self._patience.wait_s):
                found = await asyncio.shield(waiter.lease)
                assert isinstance(found, Hold)
                return found
        except BaseException as error:
            if isinstance(given := self._roster.forget(waiter), Hold):
                self.leave(given)
            if isinstance(error, TimeoutError):
                raise self._none(want.stages) from None
            raise

    def leave(self, left: Hold) -> None:
        """A run on it is over. It is kept for the next of its tenant, unless it takes none."""
        self._roster.leave(left)
        if left.runs == 0:
            wait_s = 0.0 if left.closing else self._patience.idle_s
            asyncio.get_running_loop().call_later(wait_s, self._give_back_unused, left, left.uses)

    def _give_back_unused(self, held: Hold, uses: int) -> None:
        if held.runs == 0 and held.uses == uses:
            self._give_back(held)

    def _retire(self, held: Hold) -> None:
        """It was held for long enough: at another front somebody may wait, and this one cannot know."""
        held.closing = True
        if held.runs == 0:
            self._give_back(held)

    def _give_back(self, held: Hold) -> None:
        """Idempotent."""
        if held not in self._roster.leases:
            return
        self._roster.remove(held)
        self._known.rest(held.address)
        self._keep(held.close())
        self._changed.set()

    def _none(self, stages: frozenset[str]) -> ServiceError:
        if (offers := self._offers()) and not any(stages <= offer.stages for offer in offers):
            return refusals.no_stages(stages)
        code, reason, what = (
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "NO_WORKER_FREE", "no worker became free in time")
            if offers
            else (grpc.StatusCode.UNAVAILABLE, "NO_WORKER", "no worker answers")
        )
        return ServiceError(
            code, reason, f"{what}; nothing was spent, try again", retry_after_s=RETRY_AFTER_S
        )

    async def _hire(self) -> None:
        """Lease a worker for whoever waits longest, or wait until it is worth trying."""
        self._changed.clear()
        if not (wants := self._roster.wants()):
            await self._changed.wait()
        elif (found := await self._lease_first(wants)) is not None:
            self._roster.add(found)
            self._keep(self._watch(found))
            asyncio.get_running_loop().call_later(self._patience.lease_s, self._retire, found)
            self._give_back_unused(found, 0)  # whoever it was for may be gone by now
        else:
            for want in wants:
                self._call_in(want)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _AGAIN_S)

    async def _lease_first(self, wants: Sequence[Want]) -> Hold | None:
        """For whoever waits longest; where others want less of a worker, also for the first of them."""
        asked: list[frozenset[str]] = []
        for want in wants:
            if any(stages <= want.stages for stages in asked):
                continue  # no worker can be had for who wants no more of it
            asked.append(want.stages)
            if (found := await self._lease_one(want)) is not None:
                return found
        return None

    async def _lease_one(self, want: Want) -> Hold | None:
        held = {held.address for held in self.holds()}
        for address in self._known.worth_asking(held, want.stages):
            try:
                found = await hold.take(address, self._tls, want.tenant)
            except (ServiceError, OSError, ValueError) as error:
                metrics.LEASES.labels("refused").inc()
                _log.debug("a worker cannot be had", worker=address, why=str(error))
                silent = isinstance(error, ServiceError) and error.reason == hold.SILENT
                self._known.rest(address, silent=silent)
                continue
            metrics.LEASES.labels("granted").inc()
            self._known.heard(address, found.offer)
            if want.stages <= found.stages:
                return found
            self._known.rest(address)
            await found.close()
        return None

    def _call_in(self, want: Want) -> None:
        called = self._roster.call_in(want)
        if isinstance(called, Hold) and called.runs == 0:
            self._give_back(called)

    async def _watch(self, held: Hold) -> None:
        """Until the worker, or this front, has ended the lease."""

        def ending(reason: str) -> None:
            _log.info("a worker ends", worker=held.address, reason=reason)
            held.closing = True

        await held.watch(ending)
        if not held.closing:
            metrics.LEASES.labels("lost").inc()
            _log.warning("a worker is lost", worker=held.address)
        held.closing = True
        if held.runs == 0:  # else their ends may still be on the way; the last to `leave` gives it back
            self._give_back(held)

    def _offers(self) -> list[Offer]:
        """Of every sound worker, also of one that is held and no longer known."""
        held = [each.offer for each in self.holds() if each.address not in self.addresses]
        return [*self._known.offers, *held]

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """One round after the other; what one fails with must not be the end of all."""
    while True:
        try:
            await work()
        except Exception as error:
            _log.error("the fleet failed", error=repr(error))
            await asyncio.sleep(_AFTER_FAILURE_S)

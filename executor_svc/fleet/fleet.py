"""All workers that this front can have: found, leased, and lent to runs (docs/workers.md §3).

Knows places and leases; no approval and no record. One lease is asked for at a time, so that a crowd of
requests is no crowd of calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
import structlog

from executor_svc.admission import RunPermit
from executor_svc.fleet import hold
from executor_svc.fleet.discovery import Source
from executor_svc.fleet.hold import Hold, Offer
from executor_svc.fleet.remote import NotBegun
from executor_svc.fleet.roster import Roster
from executor_svc.places import WorkerLost
from executor_svc.sandbox import RunResult, SandboxUnavailable
from executor_svc.sandbox.types import OnCancelled, OnOutput
from placet.approval.statement import TIERS
from placet.rpc import metrics
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

RETRY_AFTER_S: Final = 2.0
ATTEMPTS: Final = 3
HEARD_S: Final = 60.0
"""For how long a worker counts that has answered."""
_SURVEY_S: Final = 10.0
_SURVEYED_AT_ONCE: Final = 8
_REST_S: Final = 0.1
_LONGEST_REST_S: Final = 1.0
"""Until a worker that could not be had is asked again: longer each time."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Patience:
    """How long a request waits for a worker, and a worker for the next request of its tenant; in seconds."""

    wait_s: float
    idle_s: float


@dataclass
class _Known:
    """One address."""

    offer: Offer | None = None
    heard: float = 0.0
    rests_until: float = 0.0
    refusals: int = 0
    """One after the other."""


class Fleet:
    """Places, on workers elsewhere. Use it as `async with`: leaving gives every worker back."""

    def __init__(self, source: Source, tls: TlsFiles, patience: Patience) -> None:
        self._source = source
        self._tls = tls
        self._patience = patience
        self._roster = Roster()
        self._known: dict[str, _Known] = {}
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Fleet:
        with contextlib.suppress(OSError, ValueError):  # told, and tried again, by `_discover`
            self._meet(await self._source.look())
        for work in (self._discover(), self._survey(), self._hire()):
            self._keep(work)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(lease.close() for lease in self.holds()))

    @property
    def tier(self) -> str:
        """The weakest of the workers that were heard of lately; empty when there is none."""
        return min((offer.tier for offer in self._offers()), key=_rank, default="")

    @property
    def isolation(self) -> tuple[str, ...]:
        """What the self-test of the weakest checked, and how many there are."""
        offers = self._offers()
        if not offers:
            return ()
        held = len(self._roster.leases)
        weakest = min(offers, key=lambda offer: _rank(offer.tier))
        return (f"{len(offers)} workers, {held} of them held here", *weakest.isolation)

    @property
    def libraries(self) -> tuple[str, ...]:
        """What every worker has."""
        found = [frozenset(offer.libraries) for offer in self._offers()]
        return tuple(sorted(frozenset.intersection(*found))) if found else ()

    @property
    def addresses(self) -> frozenset[str]:
        """Where workers are now, as far as it is known."""
        return frozenset(self._known)

    @asynccontextmanager
    async def place(self, tenant: str) -> AsyncIterator[Seat]:
        """See Places."""
        seat = Seat(self, tenant)
        await seat.take()
        try:
            yield seat
        finally:
            seat.leave()

    async def lease(self, tenant: str) -> Hold:
        """A hold with room for one run, which `leave` gives back. Raises ServiceError."""
        waiter = self._roster.ask(tenant)
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
                raise self._none() from None
            raise

    def leave(self, left: Hold) -> None:
        """A run on it is over."""
        self._roster.leave(left)
        if left.runs == 0:
            uses = left.uses
            loop = asyncio.get_running_loop()
            loop.call_later(0 if left.closing else self._patience.idle_s, self._close_unused, left, uses)

    def _close_unused(self, held: Hold, uses: int) -> None:
        if held.runs == 0 and held.uses == uses:
            self._give_back(held)

    def _give_back(self, held: Hold) -> None:
        self._roster.remove(held)
        self._rest(held.address)
        self._keep(held.close())
        self._changed.set()

    def _none(self) -> ServiceError:
        if not self._offers():
            return ServiceError(
                grpc.StatusCode.UNAVAILABLE,
                "NO_WORKER",
                "no worker answers; nothing was spent, try again",
                retry_after_s=RETRY_AFTER_S,
            )
        return ServiceError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "NO_WORKER_FREE",
            f"no worker became free within {self._patience.wait_s:g} s; nothing was spent, try again",
            retry_after_s=RETRY_AFTER_S,
        )

    async def _discover(self) -> None:
        """Learn of workers that come and go; a failure leaves what is known."""
        while True:
            try:
                self._meet(await self._source.look())
            except (OSError, ValueError) as error:
                _log.warning("workers cannot be looked for", error=str(error))
            await asyncio.sleep(self._source.interval_s)

    def _meet(self, addresses: frozenset[str]) -> None:
        if addresses != self._known.keys():
            _log.info("workers", known=len(addresses))
            self._known = {address: self._known.get(address, _Known()) for address in addresses}
            self._changed.set()

    async def _survey(self) -> None:
        """Ask some of the workers that were not heard of lately what they are."""
        while True:
            due = [
                where for where, known in self._known.items() if time.monotonic() - known.heard > _SURVEY_S
            ]
            asked = random.sample(due, min(len(due), _SURVEYED_AT_ONCE))
            await asyncio.gather(*map(self._describe, asked))
            self._show()
            await asyncio.sleep(_SURVEY_S if self._offers() else 1.0)

    async def _describe(self, address: str) -> None:
        with contextlib.suppress(ServiceError, OSError, ValueError):  # then it has not been heard of
            self._heard(address, await hold.describe(address, self._tls))

    def _heard(self, address: str, offer: Offer) -> None:
        if (known := self._known.get(address)) is not None:
            known.offer, known.heard, known.refusals = offer, time.monotonic(), 0

    async def _hire(self) -> None:
        """Lease a worker for whoever waits longest, again and again."""
        while True:
            self._changed.clear()
            if (tenant := self._roster.next()) is None:
                await self._changed.wait()
            elif (found := await self._lease_one(tenant)) is not None:
                self._roster.add(found)
                self._keep(self._watch(found))
                self._close_unused(found, 0)  # whoever it was for may be gone by now
            else:
                self._call_in(tenant)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _REST_S)

    def _call_in(self, tenant: str) -> None:
        called = self._roster.call_in(tenant)
        if isinstance(called, Hold) and called.runs == 0:
            self._give_back(called)

    async def _lease_one(self, tenant: str) -> Hold | None:
        held = {lease.address for lease in self.holds()}
        now = time.monotonic()
        free = [
            where for where, known in self._known.items() if where not in held and known.rests_until <= now
        ]
        random.shuffle(free)
        for address in free:
            try:
                found = await hold.take(address, self._tls, tenant)
            except (ServiceError, OSError, ValueError) as error:
                metrics.LEASES.labels("refused").inc()
                _log.debug("a worker cannot be had", worker=address, why=str(error))
                self._rest(address)
                continue
            metrics.LEASES.labels("granted").inc()
            self._heard(address, found.offer)
            return found
        return None

    async def _watch(self, held: Hold) -> None:
        """Until the worker, or this front, has ended the lease."""

        def ending(reason: str) -> None:
            _log.info("a worker ends", worker=held.address, reason=reason)
            held.closing = True

        await held.watch(ending)
        if held in self._roster.leases:
            if not held.closing:
                metrics.LEASES.labels("lost").inc()
                _log.warning("a worker is lost", worker=held.address)
            self._give_back(held)

    def _rest(self, address: str) -> None:
        if (known := self._known.get(address)) is not None:
            known.rests_until = time.monotonic() + min(_REST_S * 2**known.refusals, _LONGEST_REST_S)
            known.refusals += 1

    def _offers(self) -> list[Offer]:
        """Of the workers that are held, or were heard of lately, and that are sound."""
        now = time.monotonic()
        known = [known.offer for known in self._known.values() if now - known.heard < HEARD_S]
        held = [lease.offer for lease in self.holds() if lease.address not in self._known]
        return [offer for offer in (*known, *held) if offer is not None and offer.tier]

    def holds(self) -> list[Hold]:
        """Every worker that is held here."""
        return [lease for lease in self._roster.leases if isinstance(lease, Hold)]

    def _show(self) -> None:
        leased, sound = len(self._roster.leases), len(self._offers())
        for state, count in (
            ("leased", leased),
            ("free", max(0, sound - leased)),
            ("unready", max(0, len(self._known) - sound)),
        ):
            metrics.WORKERS.labels(state).set(count)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Seat:
    """A place on a worker, for one run; on another worker if the first never had the program."""

    def __init__(self, fleet: Fleet, tenant: str) -> None:
        self._fleet = fleet
        self._tenant = tenant
        self._hold: Hold | None = None

    @property
    def tier(self) -> str:
        """Of the worker."""
        return self._hold.offer.tier if self._hold is not None else ""

    async def take(self) -> None:
        """Have a worker. Raises ServiceError."""
        self._hold = await self._fleet.lease(self._tenant)

    def leave(self) -> None:
        """Have none any more. Idempotent."""
        left, self._hold = self._hold, None
        if left is not None:
            self._fleet.leave(left)

    async def run(self, permit: RunPermit, on_output: OnOutput, on_cancelled: OnCancelled) -> RunResult:
        """See Place."""
        tier, why = permit.use().tier, ""
        for _ in range(ATTEMPTS):
            if self._hold is None:
                await self._take_another(tier, why)
            assert self._hold is not None
            try:
                return await self._hold.run(permit, on_output, on_cancelled)
            except NotBegun as error:
                why = str(error)
                _log.warning("a worker did not begin", worker=self._hold.address, why=why)
                self._hold.closing = True
                self.leave()
            except SandboxUnavailable:
                self._hold.closing = True  # whatever it was, nothing new is tried on it
                raise
        raise WorkerLost(f"no worker began the run: {why}")

    async def _take_another(self, tier: str, why: str) -> None:
        """Another worker as good as the one that is on record."""
        try:
            await self.take()
        except ServiceError as error:
            raise WorkerLost(f"{why}; and no other worker can be had: {error}") from error
        if self.tier != tier:
            raise WorkerLost(f"{why}; the next worker is {self.tier}, and {tier} is on record")


def _rank(tier: str) -> int:
    return TIERS.index(tier) if tier in TIERS else -1

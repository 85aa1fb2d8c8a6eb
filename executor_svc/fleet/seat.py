"""A place for one run on a worker, or on another if the first was not heard to begin (docs/workers.md §3.2).

Knows what may be tried again and what must not.
"""

from __future__ import annotations

from typing import Final, Protocol

import structlog

from executor_svc.admission import RunPermit
from executor_svc.fleet.hold import Hold
from executor_svc.fleet.remote import NotBegun
from executor_svc.fleet.roster import Want
from executor_svc.places import WorkerLost, WorkerRefused
from executor_svc.sandbox import RunResult, SandboxUnavailable
from executor_svc.sandbox.types import OnCancelled, OnOutput
from placet.rpc.errors import ServiceError

ATTEMPTS: Final = 3

_log = structlog.get_logger()


class Lender(Protocol):
    """Who has workers."""

    async def lease(self, want: Want) -> Hold:
        """One with room for a run. Raises ServiceError."""
        ...

    def leave(self, left: Hold) -> None:
        """The run is over."""
        ...


class Seat:
    """See Place."""

    def __init__(self, lender: Lender, want: Want) -> None:
        self._lender = lender
        self._want = want
        self._hold: Hold | None = None

    @property
    def tier(self) -> str:
        """Of the worker."""
        return self._hold.offer.tier if self._hold is not None else ""

    @property
    def stages(self) -> frozenset[str]:
        """Of the worker."""
        return self._hold.stages if self._hold is not None else frozenset()

    async def take(self) -> None:
        """Have a worker. Raises ServiceError."""
        self._hold = await self._lender.lease(self._want)

    def leave(self) -> None:
        """Have none any more. Idempotent."""
        left, self._hold = self._hold, None
        if left is not None:
            self._lender.leave(left)

    async def run(self, permit: RunPermit, on_output: OnOutput, on_cancelled: OnCancelled) -> RunResult:
        """See Place."""
        tier, why = permit.use().tier, ""
        for _ in range(ATTEMPTS):
            if self._hold is None:
                await self._take_another(tier, permit.wanted.stages, why)
            assert self._hold is not None
            try:
                return await self._hold.run(permit, on_output, on_cancelled)
            except NotBegun as error:
                why = str(error)
                _log.warning("a worker did not begin", worker=self._hold.address, why=why)
                self._hold.closing = True
                self.leave()
            except (SandboxUnavailable, WorkerRefused):
                self._hold.closing = True  # whatever it was, nothing new is tried on it
                raise
        raise WorkerLost(f"no worker began the run: {why}")

    async def _take_another(self, tier: str, stages: frozenset[str], why: str) -> None:
        """Another worker as good as the one that is on record, and for which the run was admitted."""
        try:
            await self.take()
        except ServiceError as error:
            raise WorkerLost(f"{why}; and no other worker can be had: {error}") from error
        if self.tier != tier:
            raise WorkerLost(f"{why}; the next worker is {self.tier}, and {tier} is on record")
        if not stages <= self.stages:
            raise WorkerLost(f"{why}; the next worker cannot do the scope's stages")

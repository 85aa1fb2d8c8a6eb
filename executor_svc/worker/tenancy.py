"""Who holds this worker: one lease at a time, its runs, and what comes after it (docs/workers.md §1).

Knows numbers and tasks; no gRPC stream, no program and no sandbox beyond its tier. Nothing here is trusted to
clean up: it says when it is time, and `life` sees to it that nothing is left.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import grpc

from placet.rpc.errors import ServiceError

RETRY_S = 0.5
"""When a front that was refused may ask again."""


class Next(Enum):
    """What this process does once it has stopped serving."""

    STOP = "told to stop"
    ANEW = "somebody else's programs ran here"
    REPLACE = "has served for long enough"


@dataclass(frozen=True)
class Terms:
    """How much a worker serves: runs at once, runs until it is replaced, until when in monotonic seconds."""

    concurrent_runs: int
    runs_left: int
    until: float


@dataclass(eq=False)
class Lease:
    """One tenant's hold; whose it is, the front knows. `ending` gets the reason for which no more is run."""

    ending: asyncio.Future[str]
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    runs: set[asyncio.Task[object]] = field(default_factory=set)
    served: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, reason: str) -> None:
        """From now on no more is run. The first reason counts."""
        if not self.ending.done():
            self.ending.set_result(reason)


class Tenancy:
    """The one lease of this worker. `over` is set when the process is to stop serving; `next` says why."""

    def __init__(self, terms: Terms, *, tier: Callable[[], str], clock: Callable[[], float]) -> None:
        """`tier` is what the last self-test observed, empty while it fails; `clock` is monotonic."""
        self._terms = terms
        self._tier = tier
        self._clock = clock
        self._runs = 0
        self._stopping = False
        self.lease: Lease | None = None
        self.over = asyncio.Event()
        self.next = Next.STOP

    @property
    def concurrent_runs(self) -> int:
        """How many runs of the lease may go on at once."""
        return self._terms.concurrent_runs

    @property
    def runs_left(self) -> int:
        """How many more are served until this worker asks to be replaced."""
        return max(0, self._terms.runs_left - self._runs)

    @property
    def runs(self) -> int:
        """How many were begun."""
        return self._runs

    def grant(self) -> Lease:
        """Give the worker to whoever asks.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED/WORKER_LEASED to another one; UNAVAILABLE with WORKER_ENDING or
                ISOLATION_LOST.
        """
        if self.lease is not None:
            raise _refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "WORKER_LEASED", "another tenant has it")
        if self._tier() == "":
            raise _refused(grpc.StatusCode.UNAVAILABLE, "ISOLATION_LOST", "its self-test does not pass")
        if reason := self._reason_to_end():
            raise _refused(grpc.StatusCode.UNAVAILABLE, "WORKER_ENDING", f"it takes no more runs: {reason}")
        self.lease = Lease(asyncio.get_running_loop().create_future())
        self.lease.idle.set()
        return self.lease

    def give_back(self, lease: Lease) -> None:
        """The lease is over: what still runs is killed, and the worker begins anew if anything ran at all."""
        lease.end("CLOSED")
        for run in lease.runs:
            run.cancel()
        if lease.served:  # else it stays as fresh as it was
            self._stop(Next.REPLACE if self._worn() else Next.ANEW)
        else:
            self.lease = None
            self.look()

    @contextmanager
    def run(self, lease_id: bytes) -> Iterator[Lease]:
        """Be one of the lease's runs: the current task is cancelled when the lease ends.

        Raises:
            ServiceError: FAILED_PRECONDITION/LEASE_UNKNOWN; UNAVAILABLE/LEASE_ENDING;
                RESOURCE_EXHAUSTED/LEASE_FULL.
        """
        lease, task = self.lease, asyncio.current_task()
        assert task is not None
        if lease is None or not secrets.compare_digest(lease.id, lease_id):
            raise ServiceError(
                grpc.StatusCode.FAILED_PRECONDITION, "LEASE_UNKNOWN", "no lease of this id is open here"
            )
        self.look()
        if lease.ending.done():
            raise _refused(grpc.StatusCode.UNAVAILABLE, "LEASE_ENDING", lease.ending.result())
        if len(lease.runs) >= self._terms.concurrent_runs:
            raise _refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "LEASE_FULL", "as many runs go on as may")
        lease.runs.add(task)
        lease.idle.clear()
        try:
            yield lease
        finally:
            lease.runs.discard(task)
            if not lease.runs:
                lease.idle.set()

    def begin(self, lease: Lease) -> None:
        """A run of the lease is about to get its program: from here on the worker is no longer fresh."""
        lease.served += 1
        self._runs += 1
        self.look()

    def stop(self) -> None:
        """Told to stop: what runs may end once it is time to `look`, and nothing begins anew any more."""
        self._stopping = True
        self.next = Next.STOP

    def look(self) -> None:
        """See whether it is time to end: by runs, by time, or because the isolation is lost."""
        reason = self._reason_to_end()
        if not reason:
            return
        if self.lease is not None:
            self.lease.end(reason)
        elif reason != "ISOLATION_LOST":  # without a lease it may recover
            self._stop(Next.REPLACE)

    def _reason_to_end(self) -> str:
        if self._stopping or self.over.is_set():
            return "DRAINING"
        if not self._tier():
            return "ISOLATION_LOST"
        if not self.runs_left:
            return "RUNS_USED"
        return "TIME_USED" if self._clock() >= self._terms.until else ""

    def _worn(self) -> bool:
        return not self.runs_left or self._clock() >= self._terms.until

    def _stop(self, then: Next) -> None:
        """The first to say so decides, and being told to stop beats all."""
        if not self.over.is_set():
            self.next = Next.STOP if self._stopping else then
            self.over.set()


def _refused(code: grpc.StatusCode, reason: str, why: str) -> ServiceError:
    return ServiceError(code, reason, f"this worker cannot be had: {why}; ask another", retry_after_s=RETRY_S)

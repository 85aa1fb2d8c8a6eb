"""Who waits for a worker, who has which, and whose turn it is to give one back (docs/workers.md §3.6, §3.7).

Knows tenants, leases and numbers, and nothing of how a worker is reached. Every method answers at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Want:
    """What a run wants: a worker that is held for its tenant and can do these stages around a program."""

    tenant: str
    stages: frozenset[str] = frozenset()


@dataclass(eq=False)
class Lease:
    """A worker that is held for one tenant, as far as sharing it goes."""

    tenant: str
    room: int
    """How many runs may go on at once."""
    runs: int = 0
    closing: bool = False
    """It takes no new runs."""
    uses: int = 0
    """How many runs it was given, in all."""
    stages: frozenset[str] = frozenset()
    """What its worker can do around a program."""

    @property
    def free(self) -> bool:
        """Whether one more run may begin."""
        return not self.closing and self.runs < self.room

    @property
    def idle(self) -> bool:
        """Whether nothing runs on it and something might."""
        return not self.closing and self.runs == 0


@dataclass(eq=False)
class Waiter:
    """Somebody who wants a lease with room in it; `lease` gets one."""

    want: Want
    lease: asyncio.Future[Lease] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Roster:
    """All leases of one front, and all who wait, in the order in which they came."""

    def __init__(self) -> None:
        self._leases: list[Lease] = []  # from the one that was not used for longest
        self._waiting: deque[Waiter] = deque()
        self._called: dict[str, Lease] = {}
        """Who waits → the lease that was called in for it, until that is gone."""

    @property
    def leases(self) -> tuple[Lease, ...]:
        """All that are not gone."""
        return tuple(self._leases)

    def ask(self, want: Want) -> Waiter:
        """Wait, after all who do already; answered at once if there is such a lease with room."""
        waiter = Waiter(want)
        self._waiting.append(waiter)
        self._match()
        return waiter

    def forget(self, waiter: Waiter) -> Lease | None:
        """It does not wait any more. What it was given meanwhile must be left."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            return None
        return waiter.lease.result()

    def wants(self) -> list[Want]:
        """What is waited for, from what is wanted most."""
        return list(dict.fromkeys(waiter.want for waiter in self._waiting))

    def add(self, lease: Lease) -> None:
        """One more worker is held."""
        self._leases.append(lease)
        self._match()

    def remove(self, lease: Lease) -> None:
        """It is gone. Idempotent."""
        lease.closing = True
        if lease in self._leases:
            self._leases.remove(lease)
        self._called = {tenant: called for tenant, called in self._called.items() if called is not lease}

    def leave(self, lease: Lease) -> None:
        """One of its runs is over."""
        lease.runs -= 1
        if lease in self._leases:
            self._leases.remove(lease)
            self._leases.append(lease)
        self._match()

    def call_in(self, want: Want) -> Lease | None:
        """The lease that has to go so that its worker can be had; from now on it takes no new runs.

        None if there is none: one was called in already, or nobody has more than the tenant should have.
        """
        tenant, useful = want.tenant, [lease for lease in self._leases if want.stages <= lease.stages]
        if tenant in self._called:
            return None
        idle = (lease for lease in useful if lease.idle and lease.tenant != tenant)
        found = next(idle, None) or self._of_the_richest(tenant, useful)
        if found is not None:
            found.closing = True
            self._called[tenant] = found
        return found

    def _of_the_richest(self, tenant: str, useful: list[Lease]) -> Lease | None:
        """A lease of the tenant that has the most, unless `tenant` has about as many."""
        has = Counter(lease.tenant for lease in useful if not lease.closing)
        others = [(count, name) for name, count in has.items() if name != tenant]
        if not others:
            return None
        most, richest = max(others)
        if has[tenant] and most < has[tenant] + 2:
            return None
        theirs = [lease for lease in useful if lease.tenant == richest and not lease.closing]
        return min(theirs, key=lambda lease: lease.runs)

    def _match(self) -> None:
        """Give room to who waits, in order."""
        for waiter in list(self._waiting):
            if (lease := self._room_for(waiter.want)) is not None:
                self._waiting.remove(waiter)
                lease.runs += 1
                lease.uses += 1
                waiter.lease.set_result(lease)

    def _room_for(self, want: Want) -> Lease | None:
        theirs = [lease for lease in self._leases if lease.tenant == want.tenant and lease.free]
        fit = [lease for lease in theirs if want.stages <= lease.stages]
        return min(fit, key=lambda lease: lease.runs, default=None)

"""Where an admitted run happens: in this process, or on a worker that is held for one tenant.

Knows permits and results. A place takes a permit and never raw bytes, so that nothing runs anywhere that was
not admitted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from executor_svc import narrowing
from executor_svc.admission import RunPermit
from executor_svc.delivery import staged
from executor_svc.delivery.staged import Work
from executor_svc.delivery.wanted import STAGES
from executor_svc.sandbox import RunResult, Sandbox, SandboxUnavailable
from executor_svc.sandbox.types import OnCancelled, OnOutput
from placet.rpc.errors import ServiceError

AROUND_S: Final = 180.0
"""How long a run's place may be held beside its wall time, in seconds: for inputs and artifacts on their way,
and for a caller that reads slowly."""


class WorkerLost(SandboxUnavailable):
    """The worker that had the program is gone: nothing is known about what it did."""


class WorkerRefused(Exception):  # noqa: N818 - as SandboxUnavailable: the name says the state
    """The worker judged otherwise than the front; `error` is what it said."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(str(error))
        self.error = error


class Place(Protocol):
    """A sandbox that is there for one tenant's runs."""

    @property
    def tier(self) -> str:
        """The isolation that its self-test observed; empty while that fails."""
        ...

    @property
    def stages(self) -> frozenset[str]:
        """What can be done around a program there."""
        ...

    async def run(self, permit: RunPermit, on_output: OnOutput, on_cancelled: OnCancelled) -> RunResult:
        """Use the permit. As `Sandbox.run`, and where that is elsewhere also:

        Raises:
            WorkerLost: it went away after it was given the program.
            WorkerRefused: it would not begin.
        """
        ...


class Places(Protocol):
    """All that this executor has."""

    @property
    def tier(self) -> str:
        """The weakest that a run may get; empty while there is none."""
        ...

    @property
    def isolation(self) -> tuple[str, ...]:
        """One line per property that self-tests checked."""
        ...

    @property
    def libraries(self) -> tuple[str, ...]:
        """ "name==version" of what a program may import."""
        ...

    def place(self, tenant: str, stages: frozenset[str]) -> AbstractAsyncContextManager[Place]:
        """A place for one run of that tenant's, which can have these stages.

        Entering raises ServiceError: RESOURCE_EXHAUSTED/NO_WORKER_FREE with a retry delay, or UNAVAILABLE
        with NO_WORKER or STAGES_UNAVAILABLE.
        """
        ...


class Here:
    """This process: one place, for whoever asks."""

    stages = STAGES

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def tier(self) -> str:
        """Of the sandbox."""
        return self._sandbox.tier

    @property
    def isolation(self) -> tuple[str, ...]:
        """Of the sandbox."""
        return self._sandbox.isolation

    @property
    def libraries(self) -> tuple[str, ...]:
        """Of the sandbox."""
        return self._sandbox.libraries

    @asynccontextmanager
    async def place(self, tenant: str, stages: frozenset[str]) -> AsyncIterator[Here]:  # noqa: ARG002
        """Itself: there is room for all, and every stage."""
        yield self

    async def run(self, permit: RunPermit, on_output: OnOutput, on_cancelled: OnCancelled) -> RunResult:
        """See Place."""
        start = permit.use()
        imports = narrowing.imports_of(start.approval.grants)
        work = Work(start.request.program, permit.inputs, permit.limits, imports)
        return await staged.run(self._sandbox, permit.wanted, work, on_output, on_cancelled)

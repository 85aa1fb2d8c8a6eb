"""One pool for each set of libraries that programs ask for, and the steward that they share.

The first set is there from the start. A larger one is started when a program would have had use for it, which
then loads its libraries itself; the next one finds them loaded. Trusted side, asyncio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from executor_svc.sandbox import forkserver
from executor_svc.sandbox.forkserver import ForkServer
from executor_svc.sandbox.interpreter import Interpreter
from executor_svc.sandbox.libraries import LibrarySet, fitting
from executor_svc.sandbox.pool import Pool, Rotation
from executor_svc.sandbox.types import SandboxUnavailable


class Pools:
    """Pools of one tier. At T1 cells have keepers, so that there must be a steward."""

    def __init__(
        self,
        interpreter: Interpreter,
        sets: Sequence[LibrarySet],
        seccomp: bytes,
        size: int,
        rotation: Rotation,
        tier: str,
    ) -> None:
        self._interpreter = interpreter
        self._sets = tuple(sets)
        self._make: Callable[[LibrarySet], Pool] = lambda libraries: Pool(
            interpreter, libraries, seccomp, tier, self._living_steward, size, rotation
        )
        self._tier = tier
        self._steward: ForkServer | None = None
        self._starting = asyncio.Lock()
        self._pools: dict[str, Pool] = {}
        self._closed = False

    def pool_for(self, imports: Collection[str]) -> Pool:
        """The pool whose libraries suit the program best, of those that can serve now."""
        wanted = self._pool(fitting(self._sets, imports))
        if not wanted.ready:
            wanted.fill()
            return self._pool(self._sets[0])
        return wanted

    async def close_unused(self, seconds: float) -> None:
        """Give back the memory of all but the first set that nobody has used for so long."""
        for name, pool in list(self._pools.items()):
            if name != self._sets[0].name and pool.unused_s > seconds:
                del self._pools[name]
                await pool.close()

    async def close(self) -> None:
        """Kill and remove everything."""
        self._closed = True
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
        if self._steward is not None:
            self._steward.stop()
            self._steward = None

    def _pool(self, libraries: LibrarySet) -> Pool:
        if self._closed:
            raise SandboxUnavailable("the sandbox has been closed")
        if libraries.name not in self._pools:
            self._pools[libraries.name] = self._make(libraries)
        return self._pools[libraries.name]

    async def _living_steward(self) -> ForkServer | None:
        if self._tier != "T1":
            return None
        async with self._starting:
            if self._closed:
                raise SandboxUnavailable("the sandbox has been closed")
            if self._steward is not None and not self._steward.alive():
                self._steward.stop()
                self._steward = None
            if self._steward is None:
                settings = {"readable": self._interpreter.readable}
                self._steward = await forkserver.start("steward", self._interpreter.python, {}, settings)
            return self._steward

"""Armed cells of one set of libraries: a zygote, kept young, and as many cells as are wanted.

Trusted side, asyncio.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from executor_svc.sandbox import cell, forkserver, hostbox
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.forkserver import ForkServer
from executor_svc.sandbox.interpreter import Interpreter
from executor_svc.sandbox.libraries import LibrarySet
from executor_svc.sandbox.types import SandboxUnavailable
from placet.rpc import metrics

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "JOBLIB_MULTIPROCESSING": "0",  # it would only warn that it cannot
}
SET_INSIDE = ("HOME", "TMPDIR", "MPLCONFIGDIR", "LC_CTYPE", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")
_ATTEMPTS = 3
_ARMED_AT_ONCE = 2
_REFILL_S = 0.03


@dataclass(frozen=True)
class Rotation:
    """A zygote is replaced after `forks` cells or `seconds`: its children share its hash seed and layout."""

    forks: int = 2000
    seconds: float = 1800.0

    def due(self, zygote: ForkServer) -> bool:
        """Whether it has served long enough."""
        return zygote.forks >= self.forks or time.monotonic() - zygote.started >= self.seconds


class Pool:
    """Cells of one tier and one set of libraries. `steward` answers with a living one, at T1, or None."""

    def __init__(
        self,
        interpreter: Interpreter,
        libraries: LibrarySet,
        seccomp: bytes,
        tier: str,
        steward: Callable[[], Awaitable[ForkServer | None]],
        size: int,
        rotation: Rotation,
    ) -> None:
        self._tier = tier
        self._interpreter = interpreter
        self._libraries = libraries
        self._seccomp = seccomp
        self._steward = steward
        self._size = size
        self._rotation = rotation
        self._disk = (1 << 20, 1024)
        self._zygote: ForkServer | None = None
        self._retired: list[ForkServer] = []
        self._starting = asyncio.Lock()
        self._rotating: asyncio.Task[None] | None = None
        self._armed: deque[Cell] = deque()
        self._waiting: deque[asyncio.Future[Cell]] = deque()
        self._arming: set[asyncio.Task[None]] = set()
        self._closed = False
        self._last_taken = time.monotonic()
        metrics.CELLS_ARMED.labels(libraries.name).set_function(lambda: len(self._armed))

    @property
    def ready(self) -> bool:
        """Whether a cell can be had without waiting for libraries to be loaded."""
        return self._zygote is not None and self._zygote.alive()

    @property
    def unused_s(self) -> float:
        """Seconds since a cell was taken."""
        return time.monotonic() - self._last_taken

    async def take(self, disk: tuple[int, int]) -> Cell:
        """A living armed cell, the caller's from now on; others will get a disk like `disk`.

        Raises SandboxUnavailable.
        """
        self._disk = disk
        self._last_taken = time.monotonic()
        while self._armed:
            found = self._armed.popleft()
            if found.alive() and found.fits(*disk):
                self._fill_later()
                return found
            found.destroy()
        if self._closed:
            raise SandboxUnavailable("the sandbox has been closed")
        waiter: asyncio.Future[Cell] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self.fill()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._armed.append(waiter.result())
            raise

    async def close(self) -> None:
        """Kill and remove everything that has not been taken."""
        self._closed = True
        if self._rotating is not None:
            self._rotating.cancel()
        # Not cancelled: what has been asked to fork must be taken, to be killed.
        await asyncio.gather(*self._arming, *filter(None, [self._rotating]), return_exceptions=True)
        while self._armed:
            self._armed.pop().destroy()
        for zygote in filter(None, [self._zygote, *self._retired]):
            zygote.stop()
        self._zygote, self._retired = None, []

    def _fill_later(self) -> None:
        """Not beside the beginning of the run that took a cell, unless it took the last."""
        if self._armed:
            asyncio.get_running_loop().call_later(_REFILL_S, self.fill)
        else:
            self.fill()

    def fill(self) -> None:
        """Begin to arm as many cells as are wanted."""
        while (
            not self._closed
            and len(self._arming) < _ARMED_AT_ONCE
            and len(self._armed) + len(self._arming) < self._size + len(self._waiting)
        ):
            task = asyncio.create_task(self._arm_one())
            self._arming.add(task)

    async def _arm_one(self) -> None:
        """One more cell, for whoever waits longest or for later.

        A failure is told to who waits; without anybody, the next run will meet it and say so.
        """
        task = asyncio.current_task()
        assert task is not None
        try:
            with metrics.CELL_ARMING_SECONDS.time():
                made = await self._arm()
        except SandboxUnavailable as error:
            metrics.CELL_ARMING_FAILURES.inc()
            waiter = self._next_waiter()
            self._arming.discard(task)
            if waiter is not None:
                waiter.set_exception(error)
                self.fill()
            return
        except BaseException:
            self._arming.discard(task)
            raise
        self._arming.discard(task)
        waiter = self._next_waiter()
        if waiter is not None:
            waiter.set_result(made)
        else:
            self._armed.append(made)
        self.fill()

    def _next_waiter(self) -> asyncio.Future[Cell] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _arm(self) -> Cell:
        for attempt in range(_ATTEMPTS):
            steward = zygote = None
            try:
                steward = await self._steward()
                zygote = await self._living_zygote(steward)
                return await cell.arm(self._tier, zygote, steward, *self._disk)
            except SandboxUnavailable:
                well = zygote is not None and zygote.alive() and (steward is None or steward.alive())
                if well or attempt == _ATTEMPTS - 1:
                    raise
        raise SandboxUnavailable("the sandbox's parent processes keep dying; see the machine's memory")

    async def _living_zygote(self, steward: ForkServer | None) -> ForkServer:
        async with self._starting:
            if self._zygote is not None and not self._zygote.alive():
                self._zygote.stop()
                self._zygote = None
            if self._zygote is None:
                self._zygote = await self._start_zygote(steward)
            elif self._rotation.due(self._zygote) and (self._rotating is None or self._rotating.done()):
                self._rotating = asyncio.create_task(self._rotate(steward))
            return self._zygote

    async def _rotate(self, steward: ForkServer | None) -> None:
        """Put a fresh zygote in the place of the old one, whose children live on.

        If none starts, the old one serves on, and the next cell tries again.
        """
        with contextlib.suppress(SandboxUnavailable):
            fresh = await self._start_zygote(steward)
            old, self._zygote = self._zygote, fresh
            if old is not None:
                self._let_go(old)

    def _let_go(self, old: ForkServer) -> None:
        """What it has forked lives on; inside gVisor only as long as it does itself."""
        if self._tier == "T2":
            old.retire()
        else:
            old.stop()
        self._retired = [server for server in (*self._retired, old) if not server.ended()]

    async def _start_zygote(self, steward: ForkServer | None) -> ForkServer:
        fonts = hostbox.fresh()
        try:
            return await forkserver.start(
                "zygote",
                self._interpreter.python,
                ENVIRONMENT | {"MPLCONFIGDIR": str(fonts), "HOME": str(fonts)},
                {
                    "path": self._interpreter.path,
                    "late": self._interpreter.late,
                    "readable": self._interpreter.readable,
                    "preload": self._libraries.modules,
                    "preload_late": self._libraries.late,
                    "seccomp": base64.b64encode(self._seccomp).decode(),
                    "gvisor": self._tier == "T2",
                },
                [steward.pidfd] if steward is not None else [],
            )
        finally:
            hostbox.remove(fonts)

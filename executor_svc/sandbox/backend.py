"""The sandbox on Linux: the tier that this machine really reaches, and pools of armed cells on it.

Trusted side, asyncio. Never imports what a program may import and never parses what a program wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from executor_svc.sandbox import cgroup, gvisor, hostbox, kernel, landlock, probe, seccomp
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.interpreter import Interpreter, describe
from executor_svc.sandbox.libraries import DATA, USUAL, LibrarySet
from executor_svc.sandbox.pool import ENVIRONMENT, SET_INSIDE, Rotation
from executor_svc.sandbox.pools import Pools
from executor_svc.sandbox.quota import disk_of
from executor_svc.sandbox.run import Run
from executor_svc.sandbox.types import (
    InputFile,
    OnCancelled,
    OnOutput,
    RunLimits,
    RunResult,
    RunStatus,
    Sandbox,
    SandboxUnavailable,
)

TIERS = ("T0", "T1", "T2")
PRELOAD = DATA.modules
_PROBE_LIMITS = RunLimits(wall_s=20, cpu_s=10, memory_mib=128, output_kib=64, artifacts=0, artifact_mib=1)
_ATTEMPTS = 3
_MOURN_S = 0.03
"""Until a cell whose program is dead is removed: its run's end goes on record first."""
_KEEP_S = 60.0
_PROBE_S = 3600.0
_UNUSED_S = 900.0


class LinuxSandbox:
    """See the `Sandbox` protocol. `tiers` are tried from the highest."""

    def __init__(
        self,
        python: Path,
        pool_size: int,
        tiers: Sequence[str],
        secrets: Sequence[str],
        sets: Sequence[LibrarySet],
        rotation: Rotation,
    ) -> None:
        self._python = python
        self._sets = tuple(sets)
        self._pool_size = pool_size
        self._tiers = tuple(tiers)
        self._secrets = tuple(secrets)
        self._rotation = rotation
        self._tier = self._reached = ""
        self._isolation: tuple[str, ...] = ()
        self._broken = "the sandbox has not been started"
        self._interpreter: Interpreter | None = None
        self._pools: Pools | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._buried: dict[Cell, asyncio.Task[None]] = {}

    @property
    def tier(self) -> str:
        """The tier that the last self-test observed; empty before `start`, and while a self-test fails."""
        return self._tier

    @property
    def isolation(self) -> tuple[str, ...]:
        """One line per property that was checked."""
        return self._isolation

    @property
    def libraries(self) -> tuple[str, ...]:
        """ "name==version" of what a program may import."""
        return self._interpreter.libraries if self._interpreter else ()

    async def start(self) -> None:
        """Start the zygote, find the highest tier whose self-test passes, fill the pool."""
        hostbox.sweep()
        cgroup.sweep(ours=False)
        self._interpreter = await describe(self._python)
        reasons = []
        for tier in self._tiers:
            try:
                await self._try(tier)
            except SandboxUnavailable as error:
                reasons.append(f"{tier}: {error}")
                await self._forget()
                continue
            assert self._pools is not None
            self._keeping = asyncio.create_task(self._keep(self._pools))
            return
        await self.close()
        raise SandboxUnavailable("no permitted isolation tier works here. " + " | ".join(reasons))

    async def close(self) -> None:
        """Kill and remove everything."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await asyncio.gather(*self._buried.values())
        await self._forget()
        cgroup.sweep(ours=True)

    async def run(
        self,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        *,
        imports: Collection[str] = (),
        on_cancelled: OnCancelled | None = None,
        describe_figures: bool = False,
    ) -> RunResult:
        """Run once, in a child that has never seen anything else."""
        if not self._tier:
            raise SandboxUnavailable(self._broken)
        return await self._run(program, inputs, limits, on_output, imports, on_cancelled, describe_figures)

    async def probe(self) -> None:
        """Check again that the isolation holds.

        Raises SandboxUnavailable; then no program is run until a later check has passed.
        """
        try:
            self._isolation = await self._probe(self._reached)
        except SandboxUnavailable as error:
            self._tier, self._isolation, self._broken = "", (), str(error)
            raise
        self._tier = self._reached

    async def _try(self, tier: str) -> None:
        assert self._interpreter is not None
        if tier == "T2":
            if doubts := gvisor.doubts():
                raise SandboxUnavailable(f"this is not gVisor: {'; '.join(doubts)}")
        elif lacking := kernel.lacking(namespaces=tier == "T1"):
            raise SandboxUnavailable(f"this kernel has no {', '.join(lacking)}")
        try:
            rules = seccomp.build(sealed=tier == "T1")
        except (OSError, RuntimeError) as error:
            raise SandboxUnavailable(f"the system call filter cannot be built: {error}") from error
        self._pools = Pools(self._interpreter, self._sets, rules, self._pool_size, self._rotation, tier)
        self._isolation = await self._probe(tier)
        self._tier = self._reached = tier

    async def _keep(self, pools: Pools) -> None:
        """Probe again every hour, sooner while that fails; give back what nobody uses."""
        probed = time.monotonic()
        while True:
            await asyncio.sleep(_KEEP_S)
            with contextlib.suppress(SandboxUnavailable):  # the tier is empty then, and tells
                if not self._tier or time.monotonic() - probed >= _PROBE_S:
                    probed = time.monotonic()
                    await self.probe()
                await pools.close_unused(_UNUSED_S)

    async def _forget(self) -> None:
        if self._pools is not None:
            await self._pools.close()
            self._pools = None

    async def _probe(self, tier: str) -> tuple[str, ...]:
        output = bytearray()

        async def keep(_stream: str, data: bytes) -> None:
            output.extend(data)

        canary = probe.program(
            isolated=tier != "T0", secrets=self._secrets, environment=(*ENVIRONMENT, *SET_INSIDE)
        )
        result = await self._run(canary, (), _PROBE_LIMITS, keep, ())
        if result.status is not RunStatus.EXITED or result.exit_code != 0:
            told = output.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise SandboxUnavailable(f"the sandbox's self-test ended {result.status}: {' '.join(told)}")
        return (*_mechanisms(tier), *probe.judge(bytes(output)))

    def _bury(self, child: Cell, after_s: float = 0.0) -> None:
        """Remove what is left of a cell, while the end of its run is already on its way."""
        self._buried[child] = asyncio.create_task(_destroy(child, after_s))
        self._buried[child].add_done_callback(lambda _: self._buried.pop(child))

    async def _run(
        self,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        imports: Collection[str],
        on_cancelled: OnCancelled | None = None,
        describe_figures: bool = False,
    ) -> RunResult:
        for attempt in range(_ATTEMPTS):
            if self._pools is None:
                raise SandboxUnavailable("the sandbox has been closed")
            child = await self._pools.pool_for(imports).take(disk_of(limits, inputs))
            run = Run(child, program, inputs, limits, on_output, describe_figures=describe_figures)
            try:
                await run.prepare()
                result = await run.perform()
                self._bury(child, _MOURN_S)
                return result
            except SandboxUnavailable:
                if run.handed_over or attempt == _ATTEMPTS - 1:
                    raise
            except asyncio.CancelledError:
                _tell(on_cancelled, run)
                raise
            except BaseExceptionGroup as group:
                error = _first(group)
                if not isinstance(error, SandboxUnavailable):
                    _tell(on_cancelled, run)
                raise error from None
            except OSError as error:
                raise SandboxUnavailable(f"the sandbox failed: {error}") from error
            finally:
                if child not in self._buried:
                    try:
                        child.kill()
                        child.bury()
                    finally:
                        self._bury(child)  # its files may be large, and others run
        raise SandboxUnavailable("the sandbox's processes keep dying; see the machine's memory")


async def _destroy(child: Cell, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await asyncio.get_running_loop().run_in_executor(None, child.destroy)


def _tell(on_cancelled: OnCancelled | None, run: Run) -> None:
    if on_cancelled is not None and run.handed_over:
        on_cancelled(run.cancel())


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that began it, out of a task group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError):
        return SandboxUnavailable(f"the sandbox failed: {error}")
    return error


def _mechanisms(tier: str) -> tuple[str, ...]:
    version = landlock.abi()
    lines = [f"Landlock ABI {version}" if version else "no Landlock in this kernel", "seccomp allow-list"]
    if tier != "T0":
        lines.append("user, mount, pid, net, ipc and uts namespaces; pivot_root")
    if tier == "T2":
        lines.append("gVisor beneath: its kernel's log, version and answers agree")
        lines.append("memory, threads and disk bounded by rlimit and watchdog (gVisor has no quotas for us)")
        return tuple(lines)
    group = cgroup.create()
    if group is None:
        lines.append("memory bounded by rlimit and watchdog (no writable control group)")
    else:
        lines.append(f"memory bounded by rlimit and control group v{group.version}")
        group.remove()
    return tuple(lines)


def open_sandbox(
    python: Path,
    *,
    pool_size: int = 2,
    min_tier: str = "T0",
    max_tier: str = "T2",
    secrets: Sequence[str] = (),
    preload: Sequence[str] | None = None,
    rotation: Rotation = Rotation(),  # noqa: B008 - frozen
) -> Sandbox:
    """A sandbox that runs programs with the interpreter `python`; call `start` before anything else.

    `min_tier` is refused to be undercut; `max_tier` lets tests and restricted containers stay below
    namespaces. `secrets` are host paths (such as the state directory) that the self-test must find
    unreadable. `preload` names the modules of the only set of libraries, instead of the usual sets.
    """
    if min_tier not in TIERS or max_tier not in TIERS:
        raise ValueError(f"tiers are {', '.join(TIERS)}")
    tiers = [tier for tier in reversed(TIERS) if min_tier <= tier <= max_tier]
    sets = USUAL if preload is None else (LibrarySet("preload", tuple(preload)),)
    return LinuxSandbox(Path(python), pool_size, tiers, ("/etc/shadow", *secrets), sets, rotation)

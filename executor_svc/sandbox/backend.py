"""The sandbox on Linux: a zygote, a pool of armed children, and the tier they really reach.

Trusted side, asyncio. Never imports what a program may import and never parses what a program wrote.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from executor_svc.sandbox import aio, cell, cgroup, hostbox, landlock, probe, seccomp
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.interpreter import Interpreter, describe
from executor_svc.sandbox.run import Run
from executor_svc.sandbox.types import (
    InputFile,
    OnOutput,
    RunLimits,
    RunResult,
    RunStatus,
    Sandbox,
    SandboxUnavailable,
)

TIERS = ("T0", "T1")
PRELOAD = ("numpy", "pandas", "matplotlib.pyplot")  # each page more makes every run's end slower
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "JOBLIB_MULTIPROCESSING": "0",  # it would only warn that it cannot
}
_SET_INSIDE = ("HOME", "TMPDIR", "MPLCONFIGDIR", "LC_CTYPE", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")
_WARM_UP_S = 60.0
_PROBE_LIMITS = RunLimits(wall_s=20, cpu_s=10, memory_mib=128, output_kib=64, artifacts=0, artifact_mib=1)
_ATTEMPTS = 3


class _Zygote:
    """The zygote process and the socket it listens on."""

    def __init__(self, process: subprocess.Popen[bytes], link: socket.socket) -> None:
        self.process = process
        self.link = link

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        self.link.close()
        self.process.kill()
        self.process.wait()


class LinuxSandbox:
    """See the `Sandbox` protocol. `tiers` are tried from the highest."""

    def __init__(
        self,
        python: Path,
        pool_size: int,
        tiers: Sequence[str],
        secrets: Sequence[str],
        preload: Sequence[str],
    ) -> None:
        self._python = python
        self._preload = tuple(preload)
        self._pool_size = pool_size
        self._tiers = tuple(tiers)
        self._secrets = tuple(secrets)
        self._tier = ""
        self._isolation: tuple[str, ...] = ()
        self._interpreter: Interpreter | None = None
        self._filter = b""
        self._zygote: _Zygote | None = None
        self._starting = asyncio.Lock()
        self._armed: list[Cell] = []
        self._refilling: asyncio.Task[None] | None = None
        self._buried: dict[Cell, asyncio.Task[None]] = {}
        self._closed = False

    @property
    def tier(self) -> str:
        """The tier the self-test observed; empty before `start`."""
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
        try:
            self._filter = seccomp.build()
        except (OSError, RuntimeError) as error:
            raise SandboxUnavailable(f"the system call filter cannot be built: {error}") from error
        self._interpreter = await describe(self._python)
        reasons = []
        for tier in self._tiers:
            try:
                await self._try(tier)
            except SandboxUnavailable as error:
                reasons.append(f"{tier}: {error}")
                continue
            self._refill()
            return
        await self.close()
        raise SandboxUnavailable("no permitted isolation tier works here. " + " | ".join(reasons))

    async def close(self) -> None:
        """Kill and remove everything."""
        self._closed = True
        if self._refilling is not None:
            self._refilling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._refilling
        await asyncio.gather(*self._buried.values())
        while self._armed:
            self._armed.pop().destroy()
        if self._zygote is not None:
            self._zygote.stop()
            self._zygote = None
        cgroup.sweep(ours=True)

    async def run(
        self, program: bytes, inputs: Sequence[InputFile], limits: RunLimits, on_output: OnOutput
    ) -> RunResult:
        """Run once, in a child that has never seen anything else."""
        if not self._tier:
            raise SandboxUnavailable("the sandbox has not been started")
        return await self._run(self._tier, program, inputs, limits, on_output)

    async def probe(self) -> None:
        """Check again that the isolation holds. Raises SandboxUnavailable; then no program may be run."""
        self._isolation = await self._probe(self._tier)

    async def _try(self, tier: str) -> None:
        isolation = await self._probe(tier)
        self._tier, self._isolation = tier, isolation

    async def _probe(self, tier: str) -> tuple[str, ...]:
        output = bytearray()

        async def keep(_stream: str, data: bytes) -> None:
            output.extend(data)

        canary = probe.program(
            isolated=tier != "T0", secrets=self._secrets, environment=(*_ENVIRONMENT, *_SET_INSIDE)
        )
        result = await self._run(tier, canary, (), _PROBE_LIMITS, keep)
        if result.status is not RunStatus.EXITED or result.exit_code != 0:
            told = output.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise SandboxUnavailable(f"the sandbox's self-test ended {result.status}: {' '.join(told)}")
        return (*_mechanisms(tier), *probe.judge(bytes(output)))

    async def _run(
        self, tier: str, program: bytes, inputs: Sequence[InputFile], limits: RunLimits, on_output: OnOutput
    ) -> RunResult:
        for attempt in range(_ATTEMPTS):
            child = await self._take(tier)
            run = Run(child, program, inputs, limits, on_output)
            try:
                await run.prepare()
                result = await run.perform()
                self._bury(child)
                return result
            except SandboxUnavailable:
                if run.handed_over or attempt == _ATTEMPTS - 1:
                    raise
            except BaseExceptionGroup as group:
                raise _first(group) from None
            except OSError as error:
                raise SandboxUnavailable(f"the sandbox failed: {error}") from error
            finally:
                if child not in self._buried:
                    child.destroy()
                self._refill()
        raise SandboxUnavailable("the sandbox's processes keep dying; see the machine's memory")

    def _bury(self, child: Cell) -> None:
        """Remove a cell whose program is dead; only its supervisor's memory is still to be given back."""
        child.kill()
        self._buried[child] = asyncio.create_task(self._await_burial(child))

    async def _await_burial(self, child: Cell) -> None:
        try:
            await child.ended()
        finally:
            child.destroy()
            del self._buried[child]

    async def _take(self, tier: str) -> Cell:
        """An armed child that still lives; a dead zygote is replaced on the way."""
        while self._armed:
            child = self._armed.pop(0)
            if child.tier == tier and child.alive() and self._zygote is not None and self._zygote.alive():
                return child
            child.destroy()
        for attempt in range(_ATTEMPTS):
            zygote = await self._living_zygote()
            try:
                return await cell.arm(zygote.link, tier)
            except SandboxUnavailable:
                if zygote.alive() or attempt == _ATTEMPTS - 1:
                    raise
        raise SandboxUnavailable("the sandbox's parent process keeps dying; see the machine's memory")

    async def _living_zygote(self) -> _Zygote:
        async with self._starting:
            if self._closed:
                raise SandboxUnavailable("the sandbox has been closed")
            if self._zygote is not None and not self._zygote.alive():
                self._zygote.stop()
                self._zygote = None
            if self._zygote is None:
                self._zygote = await self._start_zygote()
            return self._zygote

    async def _start_zygote(self) -> _Zygote:
        assert self._interpreter is not None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fonts = hostbox.fresh()
        script = str(Path(__file__).with_name("zygote.py"))
        process = subprocess.Popen(  # noqa: ASYNC220 - must be the child of this thread, whose death it follows
            [str(self._python), "-I", "-S", "-B", script, str(theirs.fileno())],
            env=_ENVIRONMENT | {"MPLCONFIGDIR": str(fonts), "HOME": str(fonts)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        zygote = _Zygote(process, ours)
        try:
            ours.setblocking(False)
            ours.send(json.dumps(self._settings(self._interpreter)).encode())
            async with asyncio.timeout(_WARM_UP_S):
                await aio.readable(ours.fileno())
            answer = ours.recv(1 << 16)
        except (OSError, TimeoutError) as error:
            zygote.stop()
            raise SandboxUnavailable(f"the sandbox interpreter did not start: {error}") from error
        except BaseException:
            zygote.stop()
            raise
        finally:
            hostbox.remove(fonts)
        if not answer or json.loads(answer)["threads"] != 1:
            zygote.stop()
            raise SandboxUnavailable("the sandbox interpreter is not fit to be forked; check its libraries")
        return zygote

    def _settings(self, interpreter: Interpreter) -> dict[str, object]:
        return {
            "parent": os.getpid(),
            "path": interpreter.path,
            "readable": interpreter.readable,
            "preload": self._preload,
            "seccomp": base64.b64encode(self._filter).decode(),
        }

    def _refill(self) -> None:
        if not self._closed and self._tier and (self._refilling is None or self._refilling.done()):
            self._refilling = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        """Keep the pool full.

        A failure here is not an answer to anybody, the next run will meet it and say so.
        """
        with contextlib.suppress(SandboxUnavailable, OSError):
            while len(self._armed) < self._pool_size:
                zygote = await self._living_zygote()
                self._armed.append(await cell.arm(zygote.link, self._tier))


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
    max_tier: str = "T1",
    secrets: Sequence[str] = (),
    preload: Sequence[str] = PRELOAD,
) -> Sandbox:
    """A sandbox that runs programs with the interpreter `python`; call `start` before anything else.

    `min_tier` is refused to be undercut; `max_tier` lets tests and restricted containers stay below
    namespaces. `secrets` are host paths (such as the state directory) that the self-test must find
    unreadable.
    """
    if min_tier not in TIERS or max_tier not in TIERS:
        raise ValueError(f"tiers are {', '.join(TIERS)}")
    tiers = [tier for tier in reversed(TIERS) if min_tier <= tier <= max_tier]
    return LinuxSandbox(Path(python), pool_size, tiers, ("/etc/shadow", *secrets), preload)

"""One run in one cell: place the inputs, hand over the program, stream, watch every limit, collect.

Trusted side. Decides the status of the run; treats whatever comes from the program as bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from executor_svc.sandbox import aio, cgroup, kernel, seen
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.child import HEADER
from executor_svc.sandbox.collect import Collected, collect, place_inputs
from executor_svc.sandbox.quota import PAGE, Disk
from executor_svc.sandbox.seen import Seen
from executor_svc.sandbox.spool import is_large
from executor_svc.sandbox.types import (
    InputFile,
    OnOutput,
    RunLimits,
    RunResult,
    RunStatus,
    SandboxUnavailable,
    Usage,
)

_MIB = 1 << 20
_WATCH_S = 0.02
_BEGINNING_S = 0.01
"""CPU time after which a run is no longer one that has just begun: most honest ones need less."""
_SPARE_DATA = 24 * _MIB
_SLACK_DATA = 8 * _MIB
_FEW_FILES = 256


@dataclass(frozen=True)
class _End:
    """How the program process ended, and what it used."""

    exit_code: int | None
    signal: int | None
    cpu_ms: int
    resident: int  # bytes at most
    out_of_memory: bool  # by its own account


@dataclass
class _Stream:
    name: str
    handle: int
    count: int = 0
    truncated: bool = False


class Run:
    """The state of one run. Use `perform` once."""

    def __init__(
        self,
        cell: Cell,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        *,
        describe_figures: bool = False,
    ) -> None:
        self._cell = cell
        self._program = program
        self._inputs = inputs
        self._limits = limits
        self._on_output = on_output
        self._describe_figures = describe_figures
        self._streams = (_Stream("stdout", cell.stdout), _Stream("stderr", cell.stderr))
        self._reason: RunStatus | None = None
        self.handed_over = False
        self._disk = Disk(cell, limits, inputs)
        self._most = Seen()
        self._much_to_collect = self._stepped_back = False
        self._counted = cell.group is not None and cell.group.counts
        self._baseline = Seen() if self._counted else seen.see(cell.program.pid)
        self._cpu_before = seen.cpu_seconds(cell.program.pid)
        self._starved_before = seen.starved_on_machine() if cell.group is None else 0
        self._started = self._ended = 0.0

    async def perform(self) -> RunResult:
        """Run to the end, once prepared.

        Raises SandboxUnavailable for our failures; the caller destroys the cell in any case.
        """
        self.handed_over = True
        self._started = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._watch())
            tasks.create_task(self._hand_over())
            for stream in self._streams:
                tasks.create_task(self._pump(stream))
            end = await self._await_end()
            self._ended = time.monotonic()
            watch.cancel()
        await self._check_disk()
        status = self._status(end)
        return self._result(end, status, await self._collect())

    def cancel(self) -> RunResult:
        """Kill all of it, since nobody waits for it any more, and say what it has used.

        Blocks for milliseconds. Raises SandboxUnavailable if it does not die.
        """
        self._cell.kill()
        self._cell.bury()
        self._ended = self._ended or time.monotonic()
        return self._result(self._end(), RunStatus.CANCELLED, Collected((), False))

    async def prepare(self) -> None:
        """Inputs and quota, before the program is there; after a failure here another cell may be tried.

        Raises SandboxUnavailable, or ValueError for an input name that is a path.
        """
        cell, limits = self._cell, self._limits
        size, inodes = self._disk.size, self._disk.inodes
        if cell.group is not None:
            cell.group.limit(limits.memory_mib * _MIB + self._disk.content + _SPARE_DATA)
        resize = {"size": size, "inodes": inodes} if (size, inodes) != (cell.disk_bytes, cell.inodes) else {}
        if cell.keeper is None:
            await self._place()
        elif os.geteuid() == 0:
            if resize:
                kernel.resize_tmpfs(cell.box, size, inodes)
            await self._place()  # owned by root in a sticky directory: nobody else replaces them
        else:
            if resize and self._inputs:  # room for the inputs first
                await cell.ask(resize)
                resize = {}
            await self._place()
            await cell.ask({**resize, "names": [item.name for item in self._inputs], "powerless": True})

    async def _place(self) -> None:
        large = is_large(sum(item.size for item in self._inputs))
        await aio.call(place_inputs, self._cell.work, self._inputs, in_thread=large)

    async def _hand_over(self) -> None:
        limits, order = self._limits, self._cell.order
        assert order is not None
        # A little beyond the quota, so that the quota is what a large file meets first.
        file_bytes = self._disk.size + PAGE if limits.artifact_mib else 0
        data = limits.memory_mib * _MIB + _SLACK_DATA
        cpu_s, described = math.ceil(limits.cpu_s), self._describe_figures
        header = HEADER.pack(cpu_s, data, file_bytes, _SPARE_DATA, len(self._program), described)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died; its end says how
            await aio.write_all(order.fileno(), header + self._program)

    async def _pump(self, stream: _Stream) -> None:
        cap = self._limits.output_kib * 1024
        while True:
            await aio.readable(stream.handle)
            data = os.read(stream.handle, 1 << 16)
            if not data:
                return
            kept = data[: cap - stream.count]
            if kept:
                stream.count += len(kept)
                await self._on_output(stream.name, kept)
            if len(kept) < len(data):
                stream.truncated = True
                self._stop(RunStatus.OUTPUT_EXCEEDED)
                return

    def _stop(self, reason: RunStatus) -> None:
        """The first limit that was reached names the end."""
        if self._reason is None:
            self._reason = reason
            self._cell.program.kill()

    async def _watch(self) -> None:
        deadline = self._started + self._limits.wall_s
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self._overrun(RunStatus.TIMED_OUT)
                return
            await asyncio.sleep(min(left, _WATCH_S))
            self._check_cpu()
            self._check_memory()
            if time.monotonic() >= self._disk.next_look:
                await self._check_disk()

    def _check_cpu(self) -> None:
        used = seen.cpu_seconds(self._cell.program.pid) - self._cpu_before
        if used >= self._limits.cpu_s:
            self._overrun(RunStatus.CPU_EXCEEDED)
        group = self._cell.group
        if group is not None and used >= _BEGINNING_S and not self._stepped_back:
            group.step_back()
            self._stepped_back = True

    def _overrun(self, reason: RunStatus) -> None:
        """As `_stop`, of what only a living program can do: one that has ended by now kept to the limit."""
        if not self._cell.program.dead():
            self._stop(reason)

    def _check_memory(self) -> None:
        if self._counted:
            return
        now, most = seen.see(self._cell.program.pid), self._most
        used = now.own - self._baseline.own
        self._most = Seen(max(most.own, used), 0, max(most.threads, now.threads))
        too_much = self._cell.group is None and used > self._limits.memory_mib * _MIB + _SPARE_DATA
        # Where neither a group nor a user namespace refuses threads: each takes memory that is not seen here.
        if too_much or now.threads > cgroup.MOST_THREADS:
            self._overrun(RunStatus.MEMORY_EXCEEDED)

    async def _check_disk(self) -> None:
        fill = await self._disk.look()
        self._much_to_collect = is_large(fill.used) or fill.files > _FEW_FILES
        if fill.full:
            self._stop(RunStatus.DISK_EXCEEDED)

    async def _await_end(self) -> _End:
        """How the program process ended, once nothing that it could have started lives any more."""
        cell = self._cell
        await cell.program.ended()
        if cell.keeper is not None:
            if cell.abandoned() and self._reason is None:
                raise SandboxUnavailable("the sandbox lost the run; nothing is known about the program")
            if self._reason is not None or not await cell.deserted():
                cell.keeper.kill()  # and with it whatever it holds; which takes some milliseconds
                await cell.keeper.ended()
        return self._end()

    def _end(self) -> _End:
        cell = self._cell
        status, usage = cell.program.end
        exited = os.WIFEXITED(status)
        return _End(
            exit_code=os.WEXITSTATUS(status) if exited else None,
            signal=None if exited else os.WTERMSIG(status),
            cpu_ms=max(0, round((usage.ru_utime + usage.ru_stime - self._cpu_before) * 1000)),
            resident=usage.ru_maxrss * 1024,
            out_of_memory=cell.note is not None and cell.note[0] != 0,
        )

    async def _collect(self) -> Collected:
        names = {item.name for item in self._inputs}
        limits = self._limits
        caps = limits.artifacts, limits.artifact_mib * _MIB
        large = self._much_to_collect
        return await aio.call(collect, self._cell.work, names, *caps, in_thread=large, undo=Collected.release)

    def _result(self, end: _End, status: RunStatus, collected: Collected) -> RunResult:
        if status is RunStatus.EXITED and collected.exceeded:
            status = RunStatus.DISK_EXCEEDED
        stdout, stderr = self._streams
        exited = status in (RunStatus.EXITED, RunStatus.DISK_EXCEEDED, RunStatus.MEMORY_EXCEEDED)
        return RunResult(
            status,
            end.exit_code if exited else None,
            end.signal if status is RunStatus.SIGNALED else None,
            self._usage(end),
            collected.artifacts,
            stdout.truncated,
            stderr.truncated,
        )

    def _usage(self, end: _End) -> Usage:
        group = self._cell.group
        peak = group.peak() if group is not None else None
        threads = group.most_threads() if group is not None else None
        if peak is None:
            peak = max(self._most.own, end.resident - self._baseline.resident)
        stdout, stderr = self._streams
        return Usage(
            wall_ms=round((self._ended - self._started) * 1000),
            cpu_ms=end.cpu_ms,
            max_memory_bytes=peak,
            stdout_bytes=stdout.count,
            stderr_bytes=stderr.count,
            max_threads=self._most.threads if threads is None else threads,
        )

    def _status(self, end: _End) -> RunStatus:
        """What ended it. Raises SandboxUnavailable when that was the machine's lack of memory."""
        if self._reason is not None:
            return self._reason
        group = self._cell.group
        if end.signal == signal.SIGKILL and group is not None and group.out_of_memory():
            return RunStatus.MEMORY_EXCEEDED
        # The kernel is first only if we were kept from looking.
        if end.signal in (signal.SIGXCPU, signal.SIGKILL) and end.cpu_ms >= self._limits.cpu_s * 1000:
            return RunStatus.CPU_EXCEEDED
        if end.signal == signal.SIGKILL and self._starved():
            raise SandboxUnavailable("the machine ran out of memory; nothing is known about the program")
        if end.out_of_memory and end.exit_code == 1:  # else it was alive to end otherwise
            return RunStatus.MEMORY_EXCEEDED
        return RunStatus.SIGNALED if end.signal is not None else RunStatus.EXITED

    def _starved(self) -> bool:
        """Whether the kernel may have killed it for memory that others had taken."""
        if self._cell.group is not None:
            return self._cell.group.starved()
        return seen.starved_on_machine() > self._starved_before

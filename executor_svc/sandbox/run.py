"""One run in one cell: place the inputs, hand over the program, stream, watch every limit, collect.

Trusted side. Decides the status of the run; treats whatever comes from the program as bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from executor_svc.sandbox import aio, hostbox, kernel
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.child import HEADER
from executor_svc.sandbox.collect import Collected, collect, place_inputs
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
_SPARE_DATA = 24 * _MIB
_SLACK_DATA = 8 * _MIB
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_FILES = 4096


@dataclass(frozen=True)
class _End:
    """How the program process ended, and what it used."""

    exit_code: int | None
    signal: int | None
    cpu_ms: int
    peak: int
    out_of_memory: bool


@dataclass
class _Stream:
    name: str
    handle: int
    count: int = 0
    truncated: bool = False


class Run:
    """The state of one run. Use `perform` once."""

    def __init__(
        self, cell: Cell, program: bytes, inputs: Sequence[InputFile], limits: RunLimits, on_output: OnOutput
    ) -> None:
        self._cell = cell
        self._program = program
        self._inputs = inputs
        self._limits = limits
        self._on_output = on_output
        self._streams = (_Stream("stdout", cell.stdout), _Stream("stderr", cell.stderr))
        self._reason: RunStatus | None = None
        self.handed_over = False
        self._peak = 0
        self._baseline_rss = _resident(cell.program.pid)
        self._started = time.monotonic()

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
            wall_ms = round((time.monotonic() - self._started) * 1000)
            watch.cancel()
        self._check_disk()
        return self._result(end, wall_ms, self._collect())

    async def prepare(self) -> None:
        """Inputs and quota, before the program is there; after a failure here another cell may be tried.

        Raises SandboxUnavailable, or ValueError for an input name that is a path.
        """
        cell, limits = self._cell, self._limits
        size, inodes = disk_of(limits, self._inputs)
        if cell.group is not None:
            cell.group.limit(limits.memory_mib * _MIB + self._disk_bytes() + _SPARE_DATA)
        resize = {"size": size, "inodes": inodes} if (size, inodes) != (cell.disk_bytes, cell.inodes) else {}
        if cell.keeper is None:
            place_inputs(cell.work, self._inputs)
        elif os.geteuid() == 0:
            if resize:
                kernel.resize_tmpfs(cell.box, size, inodes)
            # Owned by root in a sticky directory: nobody else replaces them.
            place_inputs(cell.work, self._inputs)
        else:
            if resize and self._inputs:  # room for the inputs first
                await cell.ask(resize)
                resize = {}
            place_inputs(cell.work, self._inputs)
            await cell.ask({**resize, "names": [item.name for item in self._inputs], "powerless": True})

    def _disk_bytes(self) -> int:
        return self._limits.artifact_mib * _MIB + sum(len(item.content) for item in self._inputs)

    async def _hand_over(self) -> None:
        limits, order = self._limits, self._cell.order
        assert order is not None
        # A little beyond the quota, so that the quota is what a large file meets first.
        file_bytes = disk_of(limits, self._inputs)[0] + _PAGE if limits.artifact_mib else 0
        data = limits.memory_mib * _MIB + _SLACK_DATA
        header = HEADER.pack(math.ceil(limits.cpu_s), data, file_bytes, _SPARE_DATA, len(self._program))
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
                self._stop(RunStatus.TIMED_OUT)
                return
            await asyncio.sleep(min(left, _WATCH_S))
            self._check_memory()
            self._check_disk()

    def _check_memory(self) -> None:
        used = _resident(self._cell.program.pid) - self._baseline_rss
        self._peak = max(self._peak, used)
        if self._cell.group is None and used > self._limits.memory_mib * _MIB + _SPARE_DATA:
            self._stop(RunStatus.MEMORY_EXCEEDED)

    def _check_disk(self) -> None:
        if self._cell.keeper is None:
            used, files = hostbox.measure(self._cell.box, _MOST_FILES)
            full = used > disk_of(self._limits, self._inputs)[0] or files > _MOST_FILES
        else:
            quota = os.fstatvfs(self._cell.box)
            full = quota.f_bfree == 0 or quota.f_ffree == 0
        if full:
            self._stop(RunStatus.DISK_EXCEEDED)

    async def _await_end(self) -> _End:
        """How the program process ended, once nothing of the cell lives any more."""
        cell = self._cell
        status, usage = await cell.program.ended()
        if cell.keeper is not None:
            if cell.abandoned() and self._reason is None:
                raise SandboxUnavailable("the sandbox lost the run; nothing is known about the program")
            cell.keeper.kill()
            await cell.keeper.ended()
        exited = os.WIFEXITED(status)
        return _End(
            exit_code=os.WEXITSTATUS(status) if exited else None,
            signal=None if exited else os.WTERMSIG(status),
            cpu_ms=round((usage.ru_utime + usage.ru_stime) * 1000),
            peak=usage.ru_maxrss * 1024,
            out_of_memory=cell.note is not None and cell.note[0] != 0,
        )

    def _ran_out_of_memory(self) -> bool:
        return self._cell.group is not None and self._cell.group.out_of_memory()

    def _collect(self) -> Collected:
        names = {item.name for item in self._inputs}
        return collect(self._cell.work, names, self._limits.artifacts, self._limits.artifact_mib * _MIB)

    def _result(self, end: _End, wall_ms: int, collected: Collected) -> RunResult:
        status = self._status(end)
        if status is RunStatus.EXITED and collected.exceeded:
            status = RunStatus.DISK_EXCEEDED
        group_peak = self._cell.group.peak() if self._cell.group else None
        stdout, stderr = self._streams
        peak = group_peak if group_peak is not None else max(self._peak, end.peak - self._baseline_rss, 0)
        usage = Usage(wall_ms, end.cpu_ms, peak, stdout.count, stderr.count)
        exited = status in (RunStatus.EXITED, RunStatus.DISK_EXCEEDED, RunStatus.MEMORY_EXCEEDED)
        return RunResult(
            status,
            end.exit_code if exited else None,
            end.signal if status is RunStatus.SIGNALED else None,
            usage,
            collected.artifacts,
            stdout.truncated,
            stderr.truncated,
        )

    def _status(self, end: _End) -> RunStatus:
        if self._reason is not None:
            return self._reason
        if end.signal is not None and self._ran_out_of_memory():
            return RunStatus.MEMORY_EXCEEDED
        if end.signal == 24 or (end.signal == 9 and end.cpu_ms >= self._limits.cpu_s * 1000):
            return RunStatus.CPU_EXCEEDED
        if end.out_of_memory:
            return RunStatus.MEMORY_EXCEEDED
        return RunStatus.SIGNALED if end.signal is not None else RunStatus.EXITED


def disk_of(limits: RunLimits, inputs: Sequence[InputFile]) -> tuple[int, int]:
    """Bytes and inodes of the disk that a run with these limits and inputs gets."""
    size = limits.artifact_mib * _MIB + sum(len(item.content) for item in inputs)
    return _pages(size, len(inputs)), _MOST_FILES + len(inputs)


def _pages(size: int, files: int) -> int:
    """Room for the bytes, a page more than they fill, so that "full" means "over"."""
    return (size // _PAGE + files + 2) * _PAGE


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0

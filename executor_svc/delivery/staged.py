"""A run with the stages that its scope wants: cut, program, deliver, each in a fresh cell of one sandbox.

Knows the stages' order, and that nothing leaves before it may. Must not know what the bytes mean that pass
through it, nor gRPC, nor the log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from executor_svc.delivery.report import LONGEST, MOST
from executor_svc.delivery.stage import MIB, Errand, Handed, StageFailed, carry_out
from executor_svc.delivery.wanted import Wanted
from executor_svc.sandbox import (
    InputFile,
    RunArtifact,
    RunLimits,
    RunResult,
    RunStatus,
    Sandbox,
    SandboxUnavailable,
    Usage,
    Violation,
)
from executor_svc.sandbox.spool import Spool
from executor_svc.sandbox.types import FIGURES, OnCancelled, OnOutput

FIGURES_MIB: Final = 17
"""Room for what a program's process tells of its figures, beyond what the program may leave."""
MOST_TURNS: Final = 1024
_PIECE: Final = 1 << 16
FAILED: Final = "delivery.failed"
TOO_LARGE: Final = "delivery.too_large"


@dataclass(frozen=True)
class Work:
    """What is to be run: an admitted program, with what its grants leave of inputs and limits."""

    program: bytes
    inputs: tuple[InputFile, ...]
    limits: RunLimits
    imports: Collection[str] = ()


@dataclass
class _Held:
    """A program's output that is not told to anybody yet; no more of it than the limits forward.

    A program that writes letter by letter takes no more room than another: beyond some turns of the two
    streams, only the order within each is kept.
    """

    chunks: list[tuple[str, bytearray]] = field(default_factory=list)
    _last: dict[str, bytearray] = field(default_factory=dict)

    async def keep(self, stream: str, data: bytes) -> None:
        last = self._last.get(stream)
        if last is not None and (self.chunks[-1][1] is last or len(self.chunks) >= MOST_TURNS):
            last.extend(data)
        else:
            self._last[stream] = bytearray(data)
            self.chunks.append((stream, self._last[stream]))

    async def tell(self, streams: Collection[str], on_output: OnOutput) -> None:
        """Those of them, in pieces of the size in which a program's output is read."""
        for stream, data in self.chunks:
            for at in range(0, len(data) if stream in streams else 0, _PIECE):
                await on_output(stream, bytes(data[at : at + _PIECE]))

    @property
    def streams(self) -> dict[str, bytes]:
        return {
            name: b"".join(data for stream, data in self.chunks if stream == name)
            for name in ("stdout", "stderr")
        }


async def run(
    sandbox: Sandbox, wanted: Wanted, work: Work, on_output: OnOutput, on_cancelled: OnCancelled
) -> RunResult:
    """As `Sandbox.run`, with the stages that are wanted. Whoever gets the result releases it.

    Where output is held, `on_output` hears of it once all was checked, or never.
    """
    if not wanted.cuts and not wanted.delivers:
        return await sandbox.run(
            work.program, work.inputs, work.limits, on_output, imports=work.imports, on_cancelled=on_cancelled
        )
    return await _Staged(sandbox, wanted, work, on_output, on_cancelled).perform()


class _Staged:
    """One run. Use `perform` once."""

    def __init__(
        self, sandbox: Sandbox, wanted: Wanted, work: Work, on_output: OnOutput, on_cancelled: OnCancelled
    ) -> None:
        self._sandbox = sandbox
        self._wanted = wanted
        self._work = work
        self._on_output = on_output
        self._on_cancelled = on_cancelled
        self._salt = os.urandom(32)
        self._held = _Held()
        self._spools: set[Spool] = set()
        self._around_s = 0.0

    async def perform(self) -> RunResult:
        kept: set[Spool] = set()
        try:
            result = await self._stages()
            kept = {artifact.held.spool for artifact in result.artifacts}
            return self._timed(result)
        finally:
            for spool in self._spools - kept:
                await spool.release()

    async def _stages(self) -> RunResult:
        inputs = self._work.inputs
        if self._wanted.cuts and inputs:
            try:
                handed = await self._carry_out(self._errand("cut", inputs))
            except StageFailed as failure:
                return _violated(
                    NOTHING_USED, [Violation("inputs", FAILED, f"columns cannot be cut: {failure}")]
                )
            if handed.report.violations:
                return _violated(NOTHING_USED, handed.report.broken)
            inputs = tuple(InputFile(made.name, made.sha256, made.held) for made in handed.files)
        left, figures = await self._program(inputs)
        if not self._wanted.delivers:
            return left
        try:
            return await self._deliver(left, figures, inputs)
        except SandboxUnavailable as error:
            error.usage = self._timed(left).usage
            raise
        except BaseException:  # the caller is gone; what the program had used is still told
            self._on_cancelled(self._timed(left.cancelled))
            raise

    async def _program(self, inputs: tuple[InputFile, ...]) -> tuple[RunResult, RunArtifact | None]:
        """What it left, and apart from it what was told of its figures."""
        work = self._work
        described = self._wanted.draws and work.limits.artifacts > 0
        left = await self._sandbox.run(
            work.program,
            inputs,
            _with_room_for_figures(work.limits) if described else work.limits,
            self._held.keep if self._wanted.holds else self._on_output,
            imports=work.imports,
            on_cancelled=self._on_cancelled,
            describe_figures=described,
        )
        self._spools.update(artifact.held.spool for artifact in left.artifacts)
        return _without_figures(left, work.limits) if described else (left, None)

    async def _deliver(
        self, left: RunResult, figures: RunArtifact | None, inputs: tuple[InputFile, ...]
    ) -> RunResult:
        if not left.artifacts and not self._wanted.holds:
            return left
        errand = replace(
            self._errand("deliver", inputs),
            artifacts=left.artifacts,
            figures=figures,
            streams=self._held.streams if self._wanted.holds else {},
            succeeded=left.status is RunStatus.EXITED and left.exit_code == 0,
        )
        try:
            handed = await self._carry_out(errand)
        except StageFailed as failure:
            return _violated(left, [Violation("delivery", FAILED, f"what the program left: {failure}")])
        if broken := handed.report.broken or _too_large(handed, self._work.limits):
            return _violated(left, broken)
        await self._held.tell(handed.report.streams, self._on_output)
        usage = _forwarded(left.usage, handed.report.streams) if self._wanted.holds else left.usage
        return replace(left, usage=usage, artifacts=handed.files, notices=tuple(handed.report.notices))

    def _errand(self, stage: str, inputs: tuple[InputFile, ...]) -> Errand:
        return Errand(stage, self._wanted, self._work.limits, self._salt, inputs)

    async def _carry_out(self, errand: Errand) -> Handed:
        with self._around():
            return await carry_out(self._sandbox, errand, self._spools)

    @contextmanager
    def _around(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._around_s += time.monotonic() - begun

    def _timed(self, result: RunResult) -> RunResult:
        return replace(result, usage=replace(result.usage, delivery_ms=round(self._around_s * 1000)))


NOTHING_USED: Final = RunResult(RunStatus.EXITED, None, None, Usage(), (), False, False)
"""Of a program that was not begun."""


def _violated(left: RunResult, broken: Collection[Violation]) -> RunResult:
    """Nothing leaves. A run that a limit or a signal ended keeps that name: that has to be mended first."""
    left = replace(left, artifacts=(), usage=replace(left.usage, stdout_bytes=0, stderr_bytes=0))
    if left.status is RunStatus.EXITED:
        status, violations = RunStatus.CONTRACT_VIOLATED, tuple(broken)
        return replace(left, status=status, exit_code=None, violations=violations)
    told = tuple(f"what it left was withheld: {each.rule} at {each.path}"[:LONGEST] for each in broken)
    return replace(left, notices=told[:MOST])


def _forwarded(usage: Usage, streams: Collection[str]) -> Usage:
    """Bytes of output count only where they left."""
    return replace(
        usage,
        stdout_bytes=usage.stdout_bytes if "stdout" in streams else 0,
        stderr_bytes=usage.stderr_bytes if "stderr" in streams else 0,
    )


def _too_large(handed: Handed, limits: RunLimits) -> list[Violation]:
    """The house style may make larger files than the program did; what leaves keeps to the approval."""
    size = sum(file.size for file in handed.files)
    if len(handed.files) <= limits.artifacts and size <= limits.artifact_mib * MIB:
        return []
    return [Violation("artifacts", TOO_LARGE, f"{len(handed.files)} files of {size} bytes would leave")]


def _with_room_for_figures(limits: RunLimits) -> RunLimits:
    return replace(limits, artifacts=limits.artifacts + 1, artifact_mib=limits.artifact_mib + FIGURES_MIB)


def _without_figures(left: RunResult, limits: RunLimits) -> tuple[RunResult, RunArtifact | None]:
    """The room that was added is for one file only: the rest is held to the limits as without it."""
    figures = next((artifact for artifact in left.artifacts if artifact.name == FIGURES), None)
    kept: list[RunArtifact] = []
    most_bytes = limits.artifact_mib * MIB
    others = [artifact for artifact in left.artifacts if artifact is not figures]
    for artifact in others:
        if len(kept) < limits.artifacts and artifact.size <= most_bytes:
            kept.append(artifact)
            most_bytes -= artifact.size
    exceeded = len(kept) < len(others) and left.status is RunStatus.EXITED
    status = RunStatus.DISK_EXCEEDED if exceeded else left.status
    return replace(left, status=status, artifacts=tuple(kept)), figures

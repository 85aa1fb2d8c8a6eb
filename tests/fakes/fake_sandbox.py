"""A sandbox that runs nothing: it plays a script, and breaks on command."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from executor_svc.sandbox import (
    InputFile,
    RunArtifact,
    RunLimits,
    RunResult,
    RunStatus,
    SandboxUnavailable,
    Usage,
    Violation,
)
from executor_svc.sandbox.spool import held
from executor_svc.sandbox.types import OnCancelled, OnOutput


def artifact(name: str, content: bytes) -> RunArtifact:
    """An artifact with its true digest."""
    return RunArtifact(name, hashlib.sha256(content).digest(), "application/octet-stream", held(content))


@dataclass(frozen=True)
class FakeRun:
    """What the fake was asked to run."""

    program: bytes
    inputs: tuple[InputFile, ...]
    limits: RunLimits


@dataclass
class FakeSandbox:
    """Sandbox. `hang` waits for ever after the output; `fail` is raised instead of a result."""

    tier: str = "T1"
    stdout: bytes = b"42\n"
    stderr: bytes = b""
    artifacts: tuple[RunArtifact, ...] = ()
    status: RunStatus = RunStatus.EXITED
    exit_code: int | None = 0
    signal: int | None = None
    violations: tuple[Violation, ...] = ()
    notices: tuple[str, ...] = ()
    hang: bool = False
    fail: Exception | None = None
    isolation: tuple[str, ...] = ("nothing: a fake",)
    libraries: tuple[str, ...] = ("pandas==0",)
    runs: list[FakeRun] = field(default_factory=list)
    killed: int = 0
    running: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Nothing to arm."""

    async def close(self) -> None:
        """Nothing to remove."""

    def break_down(self) -> None:
        """Fail from now on, as a sandbox does that lost its zygote."""
        self.fail = SandboxUnavailable("told to fail")

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
        """Play the script."""
        self.runs.append(FakeRun(program, tuple(inputs), limits))
        self.running.set()
        usage = Usage(12, 7, 1 << 20, len(self.stdout), len(self.stderr), 3)
        try:
            if self.stdout:
                await on_output("stdout", self.stdout)
            if self.stderr:
                await on_output("stderr", self.stderr)
            if self.hang:
                await asyncio.Event().wait()
        except BaseException:  # its task was cancelled, or its receiver is gone
            self.killed += 1
            if on_cancelled is not None:
                on_cancelled(RunResult(RunStatus.CANCELLED, None, None, usage, (), False, False))
            raise
        if self.fail:
            raise self.fail
        return RunResult(
            self.status,
            self.exit_code,
            self.signal,
            usage,
            self.artifacts,
            False,
            False,
            self.violations,
            self.notices,
        )

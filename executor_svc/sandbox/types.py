"""The words of the sandbox: limits, inputs, results and its one error.

Knows no operating system and no process; may be imported by admission and by the gRPC front. Must not import
any other module of the sandbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

OnOutput = Callable[[str, bytes], Awaitable[None]]
"""Receives ("stdout" | "stderr", bytes) as the program writes them; awaiting it is the back-pressure."""


class SandboxUnavailable(Exception):  # noqa: N818 - the name says the state, the caller maps it to a status
    """The sandbox failed, not the program: nothing about the program may be concluded from it."""


class RunStatus(StrEnum):
    """How a run ended. Every limit has a status of its own."""

    EXITED = "EXITED"
    SIGNALED = "SIGNALED"
    TIMED_OUT = "TIMED_OUT"
    CPU_EXCEEDED = "CPU_EXCEEDED"
    MEMORY_EXCEEDED = "MEMORY_EXCEEDED"
    OUTPUT_EXCEEDED = "OUTPUT_EXCEEDED"
    DISK_EXCEEDED = "DISK_EXCEEDED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class RunLimits:
    """What one run may use.

    `wall_s` and `cpu_s` are seconds (CPU is enforced in whole seconds, rounded up), `memory_mib` is what the
    program allocates beyond the preloaded libraries, `output_kib` holds for each stream, `artifacts` counts
    new files and `artifact_mib` is everything the run writes to its disk; 0 is not a byte.
    """

    wall_s: float
    cpu_s: float
    memory_mib: int
    output_kib: int
    artifacts: int
    artifact_mib: int


@dataclass(frozen=True)
class InputFile:
    """A file the program finds, read-only, in its working directory. `name` is a plain file name."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Usage:
    """What a run used. Bytes of output count what was forwarded; memory is the observed peak."""

    wall_ms: int
    cpu_ms: int
    max_memory_bytes: int
    stdout_bytes: int
    stderr_bytes: int


@dataclass(frozen=True)
class RunArtifact:
    """A new regular file. `content` is untrusted bytes: store it, never parse it on the trusted side."""

    name: str
    sha256: bytes
    media_type: str
    content: bytes


@dataclass(frozen=True)
class RunResult:
    """How a run ended and what it left.

    `exit_code` is None unless it exited, `signal` unless it was signalled.
    """

    status: RunStatus
    exit_code: int | None
    signal: int | None
    usage: Usage
    artifacts: tuple[RunArtifact, ...]
    stdout_truncated: bool
    stderr_truncated: bool


class Sandbox(Protocol):
    """Runs one program at a time per child, each child used once.

    All backends pass the same conformance kit.
    """

    @property
    def tier(self) -> str:
        """The isolation that the last self-test observed; empty while it fails, and then nothing runs."""
        ...

    @property
    def isolation(self) -> tuple[str, ...]:
        """One line per property the probe checked."""
        ...

    @property
    def libraries(self) -> tuple[str, ...]:
        """ "name==version" of what a program may import."""
        ...

    async def start(self) -> None:
        """Probe the isolation and arm the pool. Raises SandboxUnavailable with what to do."""
        ...

    async def close(self) -> None:
        """Kill everything and remove everything; safe to call twice."""
        ...

    async def run(
        self,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        *,
        imports: Collection[str] = (),
    ) -> RunResult:
        """Run `program` once. `imports` are the packages it is known to need; they make it faster, no more.

        Cancelling the awaiting task kills every process before CancelledError propagates.
        """
        ...

"""The words of the sandbox: limits, inputs, results and its one error.

Knows no operating system and no process; may be imported by admission and by the gRPC front. Of the sandbox's
modules it may import only `spool`, where bytes are held.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, Self

from executor_svc.sandbox.spool import Held, held

OnOutput = Callable[[str, bytes], Awaitable[None]]
"""Receives ("stdout" | "stderr", bytes) as the program writes them; awaiting it is the back-pressure."""


FIGURES = ".placet-figures.jsonl"
"""The artifact in which a program's process tells of its figures, if it is asked to."""


class SandboxUnavailable(Exception):  # noqa: N818 - the name says the state, the caller maps it to a status
    """The sandbox failed, not the program: nothing about the program may be concluded from it.

    `usage` is what the run had used by then, where that is known: it counts as any run's does.
    """

    usage: Usage | None = None


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
    CONTRACT_VIOLATED = "CONTRACT_VIOLATED"
    """It ended by itself, and nothing that it left is delivered: no sandbox says so, `delivery` does."""


BY_A_LIMIT = frozenset(RunStatus) - {
    *(RunStatus.EXITED, RunStatus.SIGNALED, RunStatus.CANCELLED, RunStatus.CONTRACT_VIOLATED)
}
"""Ends that a limit brought about."""


@dataclass(frozen=True)
class RunLimits:
    """What one run may use.

    `wall_s` and `cpu_s` are seconds (of CPU, of all threads together), `memory_mib` is what the
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
    """A file the program finds, read-only, in its working directory.

    `name` is a plain file name, `sha256` the digest (32 bytes) of what is held; by both it is compared.
    """

    name: str
    sha256: bytes
    held: Held = field(repr=False, compare=False)

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """An input whose bytes are at hand."""
        return cls(name, hashlib.sha256(content).digest(), held(content))

    @property
    def size(self) -> int:
        """Bytes."""
        return self.held.size


@dataclass(frozen=True)
class Usage:
    """What a run used. Bytes of output count what was forwarded.

    Memory and threads are the most at one time: memory beyond the preloaded libraries, threads with the
    program's first (a program can have no second process). Where the kernel keeps no count of threads, it is
    the most that was seen in looking every 20 ms.
    """

    wall_ms: int = 0
    cpu_ms: int = 0
    max_memory_bytes: int = 0
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    max_threads: int = 0
    delivery_ms: int = 0
    """Wall time of what was done around the program, which is in none of the others."""


@dataclass(frozen=True)
class RunArtifact:
    """A new regular file. What is held is untrusted bytes: store it, never parse it on the trusted side."""

    name: str
    sha256: bytes
    media_type: str
    held: Held = field(repr=False, compare=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.held.size

    @property
    def content(self) -> bytes:
        """All of it at once, for who has room for it."""
        return b"".join(self.held.chunks())

    def named(self, name: str) -> RunArtifact:
        """The same bytes under another name, with the media type that the name stands for."""
        return replace(self, name=name, media_type=media_type_of(name))


def media_type_of(name: str) -> str:
    """What a file's name says that it holds; nobody has looked."""
    return mimetypes.guess_type(name, strict=True)[0] or "application/octet-stream"


@dataclass(frozen=True)
class Violation:
    """One way in which what a program was given or left breaks its scope's contract (docs/contract.md).

    `path` and `message` may hold what a program or a caller wrote; each has at most 300 characters.
    """

    path: str
    rule: str
    message: str


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
    violations: tuple[Violation, ...] = ()
    """Only beside CONTRACT_VIOLATED, and then there is at least one."""
    notices: tuple[str, ...] = ()
    """What was changed or left out on the way out, in sentences for the caller."""

    async def release(self) -> None:
        """Let go of the artifacts' bytes. Idempotent."""
        for artifact in self.artifacts:
            await artifact.held.spool.release()

    @property
    def cancelled(self) -> RunResult:
        """What it had used, of a run that nobody waits for any more; how it ended counts for nobody."""
        return replace(self, status=RunStatus.CANCELLED, exit_code=None, signal=None, artifacts=())


OnCancelled = Callable[[RunResult], None]
"""Receives, with status CANCELLED, what a run had used that its caller ended."""

NOTHING_RAN = RunResult(RunStatus.CANCELLED, None, None, Usage(), (), False, False)
"""What there is of a run that was cancelled before its program was handed over."""


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
        on_cancelled: OnCancelled | None = None,
        describe_figures: bool = False,
    ) -> RunResult:
        """Run `program` once. `imports` are packages that it is known to need; they make it faster.

        With `describe_figures` the program's process tells in the artifact FIGURES what it drew; it may lie.

        Cancelling the awaiting task, or raising from `on_output`, kills every process; then `on_cancelled` is
        told what was used, unless the program was not handed over yet; then the error propagates.
        """
        ...

"""What solving needs of the world: a guard, an executor, a writer of programs, and someone to tell.

Knows shapes only. Findings, artifacts and usage pass through to the caller untouched, so they keep the
form in which they travel (placetpb.common). Failures are ServiceError, with the reason that the failing
service gave; an unavailable service is never a denial.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from placetpb.common.v1 import common_pb2

from generator_svc.prompt import Message, ScopeBrief
from generator_svc.task import Task
from placet.audit.client import Appended
from placet.audit.waiting import Decided
from placet.llm.chat import Cost, Reply
from placet.rpc.deadline import Deadline


class Verdict(StrEnum):
    """The guard's decision. Whatever the guard sends that is neither of the others is DENIED."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    NEEDS_REVIEW = "NEEDS_REVIEW"


class Outcome(StrEnum):
    """How a task that got an answer ended."""

    DONE = "DONE"
    DENIED = "DENIED"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    PROGRAM_FAILED = "PROGRAM_FAILED"


@dataclass(frozen=True)
class Progress:
    """Event: a stage began. ``attempt`` is 0 before the first program."""

    stage: str
    attempt: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Written:
    """A program and what it cost. ``prompt`` and ``reply`` are the exact bytes that were exchanged."""

    program: bytes
    model: str
    prompt: bytes = field(repr=False)
    reply: bytes = field(repr=False)
    prompt_tokens: int
    completion_tokens: int
    plan: bytes = b""
    """The plan of actions that the program was compiled from, in its canonical form; empty for free code."""


@dataclass(frozen=True)
class ProgramWritten:
    """Event: a program exists and is on record."""

    program: bytes
    sha256: bytes
    attempt: int
    model: str
    plan: bytes = b""


@dataclass(frozen=True)
class Screening:
    """Whether the task lies within the scope's purpose."""

    in_scope: bool
    findings: tuple[common_pb2.Finding, ...]


@dataclass(frozen=True)
class Review:
    """The guard's answer on a program. ``approval`` is empty unless ALLOWED."""

    verdict: Verdict
    risk_pct: int
    findings: tuple[common_pb2.Finding, ...]
    decided_by: str
    approval: bytes = field(repr=False)
    advice: common_pb2.Advice | None = None
    """For the caller, like the words in the findings; nothing of it may reach a prompt."""


@dataclass(frozen=True)
class VerdictReached:
    """Event: the guard answered, on the program or (``screening``) on the task."""

    verdict: Verdict
    risk_pct: int
    findings: tuple[common_pb2.Finding, ...]
    decided_by: str
    screening: bool
    attempt: int
    advice: common_pb2.Advice | None = None


@dataclass(frozen=True)
class RunOutput:
    """Event: bytes that the program wrote. ``stream`` is "stdout" or "stderr"."""

    stream: str
    data: bytes


@dataclass(frozen=True)
class ArtifactData:
    """Event: the next bytes of an artifact."""

    name: str
    data: bytes


@dataclass(frozen=True)
class RunEnded:
    """How a run ended; always the last event of a run."""

    status: "common_pb2.RunStatus"
    exit_code: int
    signal: int
    usage: common_pb2.Usage
    artifacts: tuple[common_pb2.Artifact, ...]
    tier: "common_pb2.Tier"
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    violations: tuple[common_pb2.Violation, ...] = ()
    """How what was left breaks the scope's contract. Messages are for the caller, and never for a model."""
    notices: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Ended by itself, with exit code 0."""
        return self.status == common_pb2.RUN_STATUS_EXITED and self.exit_code == 0

    @property
    def raised(self) -> bool:
        """Ended by itself, with another exit code: what an uncaught exception does."""
        return self.status == common_pb2.RUN_STATUS_EXITED and self.exit_code != 0

    @property
    def violated(self) -> bool:
        """Ended by itself, and nothing of it was delivered: it breaks the contract."""
        return self.status == common_pb2.RUN_STATUS_CONTRACT_VIOLATED


@dataclass(frozen=True)
class Finished:
    """Event, always the last: the answer, and the record that ends the task in the log."""

    outcome: Outcome
    run: RunEnded | None
    record: Appended


Event = Progress | ProgramWritten | VerdictReached | RunOutput | ArtifactData | Finished
Tell = Callable[[Event], Awaitable[None]]


class Guard(Protocol):
    """GuardService as seen from here."""

    async def describe_scope(self, task: Task, deadline: Deadline) -> ScopeBrief:
        """What the prompt may say of the task's scope; raises ServiceError when the caller may not use it."""

    async def screen(self, task: Task, deadline: Deadline) -> Screening:
        """Whether the task is within the scope's purpose; on record when this returns."""

    async def review(self, task: Task, program: bytes, deadline: Deadline, *, plan: bytes = b"") -> Review:
        """The verdict on a program; on record when this returns. `plan` is what it was compiled from."""


class People(Protocol):
    """The security staff, as seen from here."""

    async def decided(self, task: Task, program: bytes, wait_s: float) -> Decided | None:
        """What they decided about a program that the guard sent to them; None when time was too short."""


class Executor(Protocol):
    """ExecutorService as seen from here."""

    def run(
        self, task: Task, program: bytes, approval: bytes, deadline: Deadline
    ) -> AsyncIterator[RunOutput | ArtifactData | RunEnded]:
        """Run an approved program for the task's caller, on its inputs. Ends with RunEnded.

        Closing the iterator cancels the run.
        """


class Writer(Protocol):
    """A language model that writes programs."""

    async def write(self, messages: Sequence[Message], *, attempt: int, deadline: Deadline) -> Written:
        """One program. Raises ModelError; also for a reply without a usable program."""

    def estimated_cost(self, messages: Sequence[Message]) -> Cost:
        """What asking for one may have cost when its answer was not waited for."""


class Planner(Protocol):
    """A language model that chooses one step of a plan at a time."""

    async def step(
        self, messages: Sequence[Message], schema: Mapping[str, object], *, attempt: int, deadline: Deadline
    ) -> Reply:
        """An answer by the schema, as far as the backend keeps to one. Raises ModelError."""

    def estimated_cost(self, messages: Sequence[Message]) -> Cost:
        """What asking for one may have cost when its answer was not waited for."""

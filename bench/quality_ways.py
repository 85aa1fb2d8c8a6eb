"""The ways to ask a question: through the running chain, or with a person in the guard's place.

Knows the one-machine stack, its client and the generator's core. Without the guard everything else is the
same: the generator's own solver with its prompts and attempts, and a signed approval for every program, which
a person gives for all of them; the executor admits nothing else.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
from placetpb.common.v1 import common_pb2

from bench.quality_lines import GUARDED, UNANSWERED, Line, Way
from bench.questions import Question
from generator_svc import ports
from generator_svc.generate import ModelPlanner, ModelWriter
from generator_svc.guard_client import brief
from generator_svc.places import Places
from generator_svc.prompt import ScopeBrief
from generator_svc.solve import Ports, Solver
from generator_svc.task import Input, Task
from placet.answers import Event, Program, Result, Verdict, VerdictReached
from placet.audit.client import NO_BODIES, Appended
from placet.audit.waiting import Decided
from placet.client import Placet, new_request_id
from placet.human_approval import Reviewer
from placet.inputs import Input as InputFile
from placet.inputs import read_inputs
from placet.llm.chat import ChatModel, ModelSettings
from placet.llm.embedded import MODEL_NAME
from placet.local.layout import Layout
from placet.local.services import Model
from placet.local.stack import LocalStack
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from placet.scope import load_scope

MODES: Final = ("program", "actions", "actions_then_program")
SCOPE: Final = Path(__file__).parents[1] / "examples/scopes/data-analysis.yaml"
TIMEOUT_S: Final = 890.0
MAX_PRINTED: Final = 4000
MAX_TOKENS: Final = 1500
SETTINGS: Final = {"PLACET_GENERATOR_MODEL_TIMEOUT_S": "880"}
"""Patience: what is measured is whether answers are right, also on a machine that has other things to do."""


def scope_of(mode: str) -> str:
    """The example's scope under another mode and name."""
    text = SCOPE.read_text(encoding="utf-8")
    named = text.replace("name: data-analysis,", f"name: quality-{mode.replace('_', '-')},")
    # The example's seconds are for a machine that does nothing else.
    return named.replace("mode: program", f"mode: {mode}").replace(
        "wall_s: 30, cpu_s: 20", "wall_s: 120, cpu_s: 60"
    )


@asynccontextmanager
async def asking(state: Path, modes: Sequence[str]) -> AsyncIterator[Asking]:
    """The whole stack with a scope for each mode. Raises StackError when it does not come up."""
    scopes = state.with_name("scopes")
    scopes.mkdir()
    for mode in modes:
        (scopes / f"{mode}.yaml").write_text(scope_of(mode), encoding="utf-8")
    stack = LocalStack(state, scopes=scopes, environ={**SETTINGS, **os.environ})
    await asyncio.to_thread(stack.up_detached)
    try:
        async with Placet.connect(state) as placet:
            yield Asking(placet, state)
    finally:
        await asyncio.to_thread(stack.down)


@dataclass
class Seen:
    """What passes by while a question is answered."""

    attempts: int = 0
    stopped: bool = False
    decided_by: str = ""

    def event(self, event: Event) -> None:
        """A listener of the client."""
        if isinstance(event, Program):
            self.attempts += 1
        elif isinstance(event, VerdictReached):
            self.stopped |= event.verdict is not Verdict.ALLOWED
            self.decided_by = event.decided_by


@dataclass(frozen=True)
class Answer:
    """What the last run printed, and how the task ended."""

    outcome: str
    printed: str
    program: bytes = b""


@dataclass(frozen=True)
class Asking:
    """Asks the running stack."""

    placet: Placet
    state: Path

    async def ask(self, question: Question, way: Way) -> Line:
        """One question in one way. What has no answer is told, never raised."""
        started, seen, trouble = time.monotonic(), Seen(), ""
        try:
            ask = self._guarded if way.guard == GUARDED else self._unguarded
            answer = await ask(question, _scope_name(way.mode), seen)
        except ServiceError as error:
            answer, trouble = Answer(UNANSWERED, ""), f"{error.reason}: {error.message}"
        line = Line(
            id=question.id,
            level=question.level,
            mode=way.mode,
            guard=way.guard,
            outcome=answer.outcome,
            seconds=round(time.monotonic() - started, 1),
            attempts=seen.attempts,
            stopped=seen.stopped,
            decided_by=seen.decided_by,
            printed=answer.printed[:MAX_PRINTED],
            program=answer.program.decode(errors="replace"),
            trouble=trouble,
        )
        return line.judged(question)

    async def _guarded(self, question: Question, scope: str, seen: Seen) -> Answer:
        result = await self.placet.solve(
            question.task, scope=scope, inputs=[question.table], timeout_s=TIMEOUT_S, on_event=seen.event
        )
        return Answer(result.outcome.value, result.stdout, result.program)

    async def _unguarded(self, question: Question, scope: str, seen: Seen) -> Answer:
        person = Person(self.placet, Reviewer.local(self.state))
        heard = Heard(seen)
        model = ChatModel(_model_of(Layout(self.state)))
        try:
            writer = ModelWriter(model, max_tokens=MAX_TOKENS)
            places = Places(solving=1, waiting=0)
            world = Ports(Unrecorded(), person, person, writer, person, ModelPlanner(model))
            await Solver(world, places).solve(_task(question, scope), heard.event, Deadline.after(TIMEOUT_S))
        finally:
            await model.aclose()
        return Answer(heard.outcome, heard.printed.decode(errors="replace"), heard.program)


def _scope_name(mode: str) -> str:
    return f"quality-{mode.replace('_', '-')}"


def _task(question: Question, scope: str) -> Task:
    inputs = tuple(Input(each.name, each.sha256, each.content) for each in read_inputs([question.table]))
    return Task(new_request_id(), scope, question.task, inputs, "caller/bench")


def _model_of(layout: Layout) -> ModelSettings:
    """The endpoint that the stack uses."""
    if named := Model.of_environment(os.environ):
        return ModelSettings(named.base_url, named.api_key, named.generator, timeout_s=TIMEOUT_S)
    url = layout.address_file("model").read_text().strip()
    return ModelSettings(url, layout.model_key.read_text(), MODEL_NAME, timeout_s=TIMEOUT_S)


@dataclass
class Heard:
    """What the solver tells, as far as a measurement wants it."""

    seen: Seen
    printed: bytes = b""
    program: bytes = b""
    outcome: str = UNANSWERED

    async def event(self, event: ports.Event) -> None:
        """A listener of the solver."""
        if isinstance(event, ports.ProgramWritten):
            self.seen.attempts += 1
            self.program, self.printed = event.program, b""
        elif isinstance(event, ports.RunOutput) and event.stream == "stdout":
            self.printed += event.data
        elif isinstance(event, ports.Finished):
            self.outcome = event.outcome.value


@dataclass(frozen=True)
class Unrecorded:
    """A log that keeps nothing: what runs is on record all the same, by approval and executor."""

    kept: Appended = field(default=Appended(0, bytes(32), ""))

    async def append(
        self,
        _kind: str,
        _body: Mapping[str, object],
        *,
        request_id: str,  # noqa: ARG002 (a log's form)
        bodies: Mapping[str, bytes] = NO_BODIES,  # noqa: ARG002
        idempotency_key: str = "",  # noqa: ARG002
    ) -> Appended:
        """See `AuditLog`."""
        return self.kept


@dataclass(frozen=True)
class Person:
    """Guard, executor and people of a solver, as one person who allows everything and has it run."""

    placet: Placet
    reviewer: Reviewer

    async def describe_scope(self, task: Task, _deadline: Deadline) -> ScopeBrief:
        """See `ports.Guard`."""
        return brief(load_scope((await self.placet.scope(task.scope)).document), {})

    async def screen(self, _task: Task, _deadline: Deadline) -> ports.Screening:
        """Everything is in scope."""
        return ports.Screening(True, ())

    async def review(
        self,
        task: Task,
        program: bytes,
        _deadline: Deadline,
        *,
        plan: bytes = b"",  # noqa: ARG002 (a person reads the program)
    ) -> ports.Review:
        """Everything is allowed."""
        approval = await self.placet.approve(
            program, scope=task.scope, reason="measurement", reviewer=self.reviewer, inputs=_files(task)
        )
        return ports.Review(ports.Verdict.ALLOWED, 0, (), "human", approval)

    async def decided(self, _task: Task, _program: bytes, _wait_s: float) -> Decided | None:
        """Nobody is asked twice."""
        return None

    async def run(
        self, task: Task, program: bytes, approval: bytes, deadline: Deadline
    ) -> AsyncIterator[ports.RunOutput | ports.ArtifactData | ports.RunEnded]:
        """See `ports.Executor`."""
        result = await self.placet.execute(
            program, approval, inputs=_files(task), timeout_s=deadline.remaining_s()
        )
        yield ports.RunOutput("stdout", result.stdout_bytes)
        yield ports.RunOutput("stderr", result.stderr_bytes)
        yield _ended(result)


def _files(task: Task) -> list[InputFile]:
    return [InputFile(each.name, each.content) for each in task.inputs]


def _ended(result: Result) -> ports.RunEnded:
    if result.status is None or result.tier is None:
        raise ServiceError(grpc.StatusCode.INTERNAL, "RUN_UNFINISHED", "the run has no status")
    return ports.RunEnded(
        common_pb2.RunStatus.Value(f"RUN_STATUS_{result.status}"),  # type: ignore[arg-type]  # the stubs say int
        result.exit_code,
        result.signal,
        common_pb2.Usage(),
        (),
        common_pb2.Tier.Value(f"TIER_{result.tier}"),  # type: ignore[arg-type]
    )

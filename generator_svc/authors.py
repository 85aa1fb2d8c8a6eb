"""Who writes a task's programs: a caller who wrote the plan, a model that plans, a model that writes code.

Knows the prompts and the model's ports. Must not know guard, executor or log: what became of a program is
told to its author, who asks afresh with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from generator_svc import plan_prompt, prompt
from generator_svc.planning import Planning, Vocabulary
from generator_svc.ports import Planner, RunEnded, Writer, Written
from generator_svc.prompt import Message
from placet.actions.compiling import compile_plan
from placet.actions.plan import Plan
from placet.llm.chat import NO_COST, Cost
from placet.rpc.deadline import Deadline


class Author(Protocol):
    """Writes programs for one task, one after the other."""

    tries: int
    """How many more it may write; then the next author's turn comes."""

    async def write(self, attempt: int, deadline: Deadline) -> Written | None:
        """The next program; None when it says that it has none for this task. Raises ModelError."""

    def cost(self) -> Cost:
        """Of what was asked last: what it cost, or may have cost when it was not waited for."""

    def unusable(self) -> None:
        """The last answer held no program."""

    def denied(self, rule_ids: Sequence[str]) -> None:
        """The last program was denied by these rules. Prose would teach how to slip past the reviewer."""

    def failed(self, ended: RunEnded, program: bytes, stderr: str) -> None:
        """The last program ran and raised, or what it left broke the contract."""


class Coder:
    """A model that writes Python freely."""

    def __init__(self, writer: Writer, first: Sequence[Message], tries: int) -> None:
        self._writer, self._first, self._messages = writer, first, first
        self.tries = tries

    async def write(self, attempt: int, deadline: Deadline) -> Written | None:
        """See `Author`; there is always a program."""
        return await self._writer.write(self._messages, attempt=attempt, deadline=deadline)

    def cost(self) -> Cost:
        """See `Author`."""
        return self._writer.estimated_cost(self._messages)

    def unusable(self) -> None:
        """See `Author`."""
        self._messages = prompt.after_unusable(self._first)

    def denied(self, rule_ids: Sequence[str]) -> None:
        """See `Author`."""
        self._messages = prompt.after_denial(self._first, rule_ids)

    def failed(self, ended: RunEnded, program: bytes, stderr: str) -> None:
        """See `Author`."""
        if ended.violated:
            self._messages = prompt.after_violation(self._first, ended.violations)
        else:
            self._messages = prompt.after_failure(self._first, program.decode(), stderr)


class Chooser:
    """A model that chooses a plan's steps from the catalogue."""

    def __init__(
        self, planner: Planner, vocabulary: Vocabulary, first: Sequence[Message], tries: int
    ) -> None:
        self._planner, self._vocabulary = planner, vocabulary
        self._first, self._messages = first, first
        self._planning: Planning | None = None
        self.tries = tries

    async def write(self, attempt: int, deadline: Deadline) -> Written | None:
        """See `Author`; None when the model says that no plan fits."""
        self._planning = Planning(self._planner, self._vocabulary, self._messages, attempt)
        return await self._planning.write(deadline)

    def cost(self) -> Cost:
        """See `Author`."""
        return self._planning.cost() if self._planning else NO_COST

    def unusable(self) -> None:
        """See `Author`."""
        self._messages = plan_prompt.after_unusable(self._first)

    def denied(self, rule_ids: Sequence[str]) -> None:
        """See `Author`."""
        self._messages = prompt.after_denial(self._first, rule_ids)

    def failed(self, ended: RunEnded, program: bytes, stderr: str) -> None:  # noqa: ARG002 (it wrote no code)
        """See `Author`."""
        if ended.violated:
            self._messages = prompt.after_violation(self._first, ended.violations)
        else:
            self._messages = plan_prompt.after_failure(self._first, stderr)


class Dictated:
    """The caller, who wrote a plan as the task's text; no model is asked, and nothing else is tried."""

    def __init__(self, plan: Plan, vocabulary: Vocabulary) -> None:
        self._plan, self._vocabulary = plan, vocabulary
        self.tries = 1

    async def write(self, attempt: int, deadline: Deadline) -> Written | None:  # noqa: ARG002
        """See `Author`."""
        program = compile_plan(self._plan, self._vocabulary.catalogue)
        return Written(program, "", b"", b"", 0, 0, self._plan.document)

    def cost(self) -> Cost:
        """See `Author`."""
        return NO_COST

    def unusable(self) -> None:
        """Never."""

    def denied(self, rule_ids: Sequence[str]) -> None:
        """Nobody to tell."""

    def failed(self, ended: RunEnded, program: bytes, stderr: str) -> None:
        """Nobody to tell."""

"""One plan in the making: an action at a time, then its parameters, each under a schema of what can follow.

Knows the catalogue, and a model as a port; whatever that replies is untrusted, and checked even where it was
held to a schema. Must not know how the task is worded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from generator_svc import plan_prompt
from generator_svc.ports import Planner, Written
from generator_svc.profile import Column, Profile
from generator_svc.prompt import Message
from placet.actions.action import Action
from placet.actions.catalogue import Catalogue
from placet.actions.checking import check, step_problems
from placet.actions.compiling import compile_plan
from placet.actions.decoding import action_schema, endings, offered, step_schema, taken
from placet.actions.plan import Plan, PlanInvalid, Step
from placet.actions.tables import State
from placet.actions.types import MAX_COLUMN_NAME, ColumnType, InputName, TableType
from placet.llm.chat import NO_COST, Cost, ModelError, prompt_bytes
from placet.rpc.deadline import Deadline

MAX_STEPS: Final = 12
"""A model that goes on longer does not know where to."""
_TYPES: Final[Mapping[str, ColumnType]] = {
    "integer": "number",
    "number": "number",
    "date": "date",
    "boolean": "boolean",
    "text": "text",
}


@dataclass(frozen=True)
class Vocabulary:
    """What the plans of one task are made of."""

    catalogue: Catalogue
    inputs: Mapping[str, TableType]
    cannot: bool = False
    """Whether the model may say that no plan fits."""


def tables_of(profiles: Sequence[Profile]) -> dict[str, TableType]:
    """The inputs that are tables, with those of their columns that a plan can name for sure."""
    return {p.name: TableType.of(_nameable(p.columns)) for p in profiles if p.columns}


def _nameable(columns: Sequence[Column]) -> dict[str, ColumnType]:
    names = [column.name for column in columns]
    return {
        column.name: _TYPES.get(column.dtype, "any")
        for column in columns
        if not column.cut
        and column.name.strip()
        and "\ufffd" not in column.name
        and len(column.name) <= MAX_COLUMN_NAME
        and names.count(column.name) == 1
    }


class Planning:
    """One plan in the making."""

    def __init__(
        self, planner: Planner, vocabulary: Vocabulary, first: Sequence[Message], attempt: int
    ) -> None:
        self._planner, self._vocabulary, self._attempt = planner, vocabulary, attempt
        self._messages = list(first)
        self._asked: list[Message] = []
        self._replies: list[str] = []
        self._steps: list[Step] = []
        self._state = State(vocabulary.inputs)
        self._spent, self._model = NO_COST, ""
        self._waiting = False

    async def write(self, deadline: Deadline) -> Written | None:
        """The program of the finished plan; None when the model says that no plan fits. Raises ModelError."""
        try:
            return await self._planned(deadline)
        except ModelError as err:
            self._spent = err.cost = _sum(self._spent, err.cost)
            raise

    async def _planned(self, deadline: Deadline) -> Written | None:
        while (name := await self._next_action(deadline)) not in ("finish", "cannot"):
            step = await self._filled(self._vocabulary.catalogue.actions[name], deadline)
            if step in self._steps:  # what was done is done: a model that repeats itself has finished
                break
            self._add(step)
        return None if name == "cannot" else self._written()

    def cost(self) -> Cost:
        """Of all questions so far, with an estimate for one that is not answered."""
        open_ = self._planner.estimated_cost(self._asked) if self._waiting else NO_COST
        return _sum(self._spent, open_)

    async def _next_action(self, deadline: Deadline) -> str:
        vocabulary, state = self._vocabulary, self._state
        names = offered(vocabulary.catalogue, state)
        ends = endings(state, cannot=vocabulary.cannot and bool(state.results))
        if not names and not ends:
            raise _unusable("no action can be applied to these inputs")
        if len(self._steps) >= MAX_STEPS:
            raise _unusable(f"the plan has no end after {MAX_STEPS} steps")
        if len(names) == 1 and not ends:
            return names[0]
        schema = action_schema(vocabulary.catalogue, state, cannot="cannot" in ends)
        name = (await self._ask(self._messages, schema, deadline)).get("action")
        if name not in (*names, *ends):
            raise _unusable("the reply names no action that can follow")
        return str(name)

    async def _filled(self, action: Action, deadline: Deadline) -> Step:
        """The action with its parameters."""
        if only := _only_way(action, self._state):
            return only
        number = len(self._steps) + 1
        messages = [*self._messages, *plan_prompt.chosen(number, action)]
        schema = step_schema(self._vocabulary.catalogue, self._state, only={action.name})
        reply = await self._ask(messages, schema, deadline)
        try:
            step = taken(reply, self._vocabulary.catalogue, self._state)
        except PlanInvalid as err:
            raise _unusable(f"the reply is no step: {err}") from None
        if not isinstance(step, Step) or step.action != action.name:
            raise _unusable("the reply is another step than the one that was chosen")
        group = self._vocabulary.catalogue.group
        if problems := list(step_problems(action, step, self._state, group)):
            raise _unusable(f"the step does not fit: {problems[0]}")
        return step

    def _add(self, step: Step) -> None:
        catalogue = self._vocabulary.catalogue
        action = catalogue.actions[step.action]
        self._steps.append(step)
        after = self._state.after(action, step, catalogue.group)
        # A first step that was nobody's choice was not talked about: the model said nothing so far.
        talk = plan_prompt.chosen(len(self._steps), action) if self._asked else []
        self._messages += [*talk, *plan_prompt.done(action, step, self._state, after)]
        self._state = after

    async def _ask(
        self, messages: Sequence[Message], schema: Mapping[str, object], deadline: Deadline
    ) -> Mapping[str, object]:
        self._asked, self._waiting = list(messages), True
        try:
            reply = await self._planner.step(messages, schema, attempt=self._attempt, deadline=deadline)
        except ModelError:  # its cost is in it
            self._waiting = False
            raise
        self._waiting, self._model = False, reply.model
        self._spent = _sum(
            self._spent, Cost(reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
        )
        self._replies.append(reply.text)
        try:
            value = json.loads(reply.text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise _unusable("the reply is no JSON object")
        return value

    def _written(self) -> Written:
        plan = Plan(tuple(self._steps))
        if problems := check(plan, self._vocabulary.catalogue, self._vocabulary.inputs):
            raise _unusable(f"the plan does not fit: {problems[0]}")
        return Written(
            program=compile_plan(plan, self._vocabulary.catalogue),
            model=self._model,
            prompt=prompt_bytes(self._asked),
            reply="\n".join(self._replies).encode(errors="replace"),
            prompt_tokens=self._spent.prompt_tokens,
            completion_tokens=self._spent.completion_tokens,
            plan=plan.document,
        )


def _only_way(action: Action, state: State) -> Step | None:
    """The step when nothing is to be chosen: the first, of an action that takes the only input there is."""
    required = [parameter for parameter in action.parameters if parameter.required]
    if len(state.inputs) == 1 and len(required) == 1 and isinstance(required[0].type, InputName):
        return Step(action.name, {required[0].name: next(iter(state.inputs))})
    return None


def _sum(one: Cost, other: Cost) -> Cost:
    return Cost(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
    )


def _unusable(message: str) -> ModelError:
    return ModelError("MODEL_REPLY_UNUSABLE", message)

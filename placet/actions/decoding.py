"""The JSON Schema of a plan's next step, so that no other can be written; and a model's reply, taken.

Knows docs/actions-format.md §5. Must not know models or endpoints; whatever they reply is untrusted.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any, Final, Literal

from placet.actions.action import Action
from placet.actions.catalogue import Catalogue
from placet.actions.plan import MAX_STEPS, PlanInvalid, Problem, Step, step_of
from placet.actions.shapes import Shapes, closed, words
from placet.actions.tables import State, free_name, new_names, taken_names
from placet.actions.types import (
    MAX_NEW_NAME,
    ColumnName,
    ColumnNames,
    ConditionList,
    InputName,
    StepRef,
    TableType,
    common,
)

MAX_TABLES: Final = 4
"""Different tables that a step may choose from."""
Ending = Literal["finish", "cannot"]
Schema = dict[str, Any]
_Tables = Mapping[str, tuple[TableType, list[int]]]
"""Of each `Table` parameter: the columns, and the steps that have them."""


def offered(catalogue: Catalogue, state: State) -> tuple[str, ...]:
    """The actions that can be the next step; none when the plan is as long as it may be."""
    if len(state.results) >= MAX_STEPS:
        return ()
    return tuple(
        name for name, action in catalogue.actions.items() if next(_choices(action, state), None) is not None
    )


def action_schema(catalogue: Catalogue, state: State, *, cannot: bool = False) -> Schema:
    """`{"action": NAME}` alone: the first of two calls, where the second is `step_schema(only=…)`."""
    return closed({"action": words([*offered(catalogue, state), *endings(state, cannot=cannot)])})


def step_schema(
    catalogue: Catalogue, state: State, *, cannot: bool = False, only: Collection[str] | None = None
) -> Schema:
    """`{"step": {…}}`: every step that fits behind `state`, and the endings that are allowed there.

    `only` keeps to actions of these names, without endings. Raises ValueError when nothing can follow.
    """
    shapes = Shapes(tuple(state.inputs))
    names = [name for name in offered(catalogue, state) if only is None or name in only]
    branches = [
        _branch(catalogue.actions[name], tables, state, shapes)
        for name in names
        for tables in _choices(catalogue.actions[name], state)
    ]
    if only is None:
        branches += [closed({"action": words([ending])}) for ending in endings(state, cannot=cannot)]
    if not branches:
        raise ValueError("no action can follow; there are no inputs, or the plan is as long as it may be")
    schema = closed({"step": branches[0] if len(branches) == 1 else {"anyOf": branches}})
    return schema | ({"$defs": shapes.definitions} if shapes.definitions else {})


def endings(state: State, *, cannot: bool) -> tuple[Ending, ...]:
    """How the plan may end here."""
    return (*(("finish",) if state.results else ()), *(("cannot",) if cannot else ()))


def taken(reply: Mapping[str, object], catalogue: Catalogue, state: State) -> Step | Ending:
    """The step that a model replied under `step_schema`, mended where a schema cannot hold it.

    A column that is named twice is named once; a new column whose name is taken gets a number. Whether
    the step fits, `checking.step_problems` says. Raises PlanInvalid for what is no step.
    """
    step = step_of(reply.get("step"), len(state.results) + 1)
    if step.action == "finish":
        return "finish"
    if step.action == "cannot":
        return "cannot"
    action = catalogue.actions.get(step.action)
    if action is None:
        raise PlanInvalid(
            [Problem(f"step {len(state.results) + 1}", f"there is no action {step.action[:60]!r}")]
        )
    values = dict(step.values)
    for parameter in action.parameters:
        value = values.get(parameter.name)
        if isinstance(parameter.type, ColumnNames) and isinstance(value, list):
            values[parameter.name] = [each for n, each in enumerate(value) if each not in value[:n]]
    names = set(taken_names(action, step, state, catalogue.group))
    for name in new_names(action):
        if isinstance(value := values.get(name), str):
            room = value if value not in names else value[: MAX_NEW_NAME - 4].rstrip()
            values[name] = free_name(room, names)
            names.add(str(values[name]))
    return Step(step.action, values)


def _choices(action: Action, state: State) -> Iterator[_Tables]:
    """The ways to give an action its tables, of which each leaves it all columns that it must have."""
    if not _has_others(action, state):
        return
    for chosen in product(_groups(state), repeat=len(action.tables)):
        tables = dict(zip(action.tables, chosen, strict=True))
        if _has_columns(action, tables):
            yield tables


def _groups(state: State) -> list[tuple[TableType, list[int]]]:
    """The newest tables, those with the same columns together."""
    groups: dict[TableType, list[int]] = {}
    for number in range(len(state.results), 0, -1):
        result = state.results[number - 1]
        if result.kind == "Table" and (result.table in groups or len(groups) < MAX_TABLES):
            groups.setdefault(result.table, []).append(number)
    return list(groups.items())


def _has_others(action: Action, state: State) -> bool:
    """Whether there is an input, and a figure, where the action must have one."""
    kinds = [parameter.type for parameter in action.parameters if parameter.required]
    figures = any(result.kind == "Figure" for result in state.results)
    needs_input = any(isinstance(kind, InputName) for kind in kinds)
    return (bool(state.inputs) or not needs_input) and (figures or StepRef("Figure") not in kinds)


def _has_columns(action: Action, tables: _Tables) -> bool:
    for parameter in action.parameters:
        kind = parameter.type
        if parameter.required and isinstance(kind, ColumnName | ColumnNames | ConditionList):
            table = common([tables[name][0] for name in parameter.tables])
            types = () if isinstance(kind, ConditionList) else kind.types
            if len(table.of_types(types)) < (kind.least if isinstance(kind, ColumnNames) else 1):
                return False
    return True


def _branch(action: Action, tables: _Tables, state: State, shapes: Shapes) -> Schema:
    figures = [number for number, result in enumerate(state.results, 1) if result.kind == "Figure"]
    properties = {"action": words([action.name])}
    for parameter in action.parameters:
        steps = tables[parameter.name][1] if parameter.name in tables else figures
        named = [tables[name][0] for name in parameter.tables]
        shape = shapes.of(parameter.type, common(named) if named else TableType(), steps)
        if shape is None:
            properties[parameter.name] = {"type": "null"}
        else:
            properties[parameter.name] = shape if parameter.required else {"anyOf": [shape, {"type": "null"}]}
    return closed(properties)

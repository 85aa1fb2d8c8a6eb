"""Does a plan fit a catalogue and inputs? Every problem, each with its place.

Knows docs/actions-format.md §3.2, §3.3 and §2.8. Must not know how plans are made, nor how a
program looks.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from placet.actions.action import Action, Parameter
from placet.actions.catalogue import Catalogue, SmallestGroup
from placet.actions.compiling import compile_plan, size_problem
from placet.actions.plan import Plan, Problem, Step
from placet.actions.tables import Result, State, new_names, taken_names
from placet.actions.types import (
    ANYTHING,
    ColumnName,
    ColumnNames,
    ColumnType,
    ConditionList,
    InputName,
    StepRef,
    TableType,
    common,
    fits,
)
from placet.actions.values import condition_problem, problem_of

MAX_PROBLEMS: Final = 50


def check(plan: Plan, catalogue: Catalogue, inputs: Mapping[str, TableType]) -> tuple[Problem, ...]:
    """What keeps `plan` from fitting; nothing when it fits.

    `inputs` are all files of the task with their columns; `types.ANYTHING` where these are not known, as at
    the guard.
    """
    problems: list[Problem] = []
    state = State(inputs)
    for number, step in enumerate(plan.steps, 1):
        action = catalogue.actions.get(step.action)
        if action is None:
            problems.append(Problem(f"step {number}", f"there is no action {step.action[:60]!r}"))
            state = State(inputs, (*state.results, Result("Table", TableType(open=True))))
            continue
        problems += step_problems(action, step, state, catalogue.group)
        state = state.after(action, step, catalogue.group)
    if not problems and (too_large := size_problem(compile_plan(plan, catalogue))):
        problems.append(Problem("plan", too_large))
    return tuple(problems[:MAX_PROBLEMS])


def step_problems(action: Action, step: Step, state: State, group: SmallestGroup | None) -> Iterator[Problem]:
    """What keeps one step from fitting behind `state`."""
    path = f"step {len(state.results) + 1}"
    for name in step.values:
        if action.parameter(name) is None:
            known = ", ".join(each.name for each in action.parameters)
            yield Problem(f"{path}.{name[:60]}", f"{action.name} has no such parameter; it has {known}")
    for parameter in action.parameters:
        problem = _parameter_problem(parameter, step, state)
        if problem:
            yield Problem(f"{path}.{parameter.name}", problem)
    taken = set(taken_names(action, step, state, group))
    for name in new_names(action):
        value = step.values.get(name)
        if isinstance(value, str) and value in taken:
            yield Problem(f"{path}.{name}", f"there is a column {value!r} already; choose another name")
        taken.add(str(value))


def _parameter_problem(parameter: Parameter, step: Step, state: State) -> str:
    value = step.values.get(parameter.name)
    if value is None:
        return "is missing" if parameter.required else ""
    kind = parameter.type
    if problem := problem_of(kind, value):
        return problem
    if isinstance(kind, StepRef):
        return _step_problem(kind, value, state)
    if isinstance(kind, InputName):
        known = ", ".join(state.inputs) or "none"
        return "" if value in state.inputs else f"there is no input {str(value)[:60]!r}; there are: {known}"
    if isinstance(kind, ColumnName | ColumnNames | ConditionList):
        table = common([_table(state, step.values.get(name)) for name in parameter.tables])
        return next(filter(None, _column_problems(kind, value, table)), "")
    return ""


def _table(state: State, number: object) -> TableType:
    """Of a reference that is wrong itself, nothing is said about columns."""
    result = state.result(number)
    return result.table if result and result.kind == "Table" else ANYTHING


def _step_problem(kind: StepRef, value: object, state: State) -> str:
    result = state.result(value)
    if result is None:
        return f"there is no earlier step {value}"
    return "" if result.kind == kind.gives else f"step {value} gives a {result.kind}, no {kind.gives}"


def _column_problems(
    kind: ColumnName | ColumnNames | ConditionList, value: object, table: TableType
) -> Iterator[str]:
    if isinstance(kind, ConditionList):
        for condition in value if isinstance(value, list) else ():
            column = condition["column"]
            yield _column_problem(column, (), table)
            found = _type(column, table)
            if found:
                yield condition_problem(found, condition["op"], condition.get("value"))
    else:
        for column in value if isinstance(value, list) else [value]:
            yield _column_problem(str(column), kind.types, table)


def _column_problem(column: str, types: tuple[ColumnType, ...], table: TableType) -> str:
    found = _type(column, table)
    if not found:
        known = ", ".join(table) or "none that can be named"
        return f"there is no column {column[:60]!r}; there are: {known[:300]}"
    return (
        "" if fits(found, types) else f"column {column[:60]!r} holds {found}; {' or '.join(types)} is wanted"
    )


def _type(column: str, table: TableType) -> ColumnType | None:
    return table.type_of(column) or ("any" if table.open else None)

"""What a model is asked that plans: the actions there are, the inputs, the task, and what each step gave.

Knows wording. Must not know how a model is reached, nor whether its answer fits. As in `prompt`, a stranger's
words go in as JSON strings. The list of actions comes first and is the same for all tasks of a scope, so that
a server evaluates it once; each later question continues the one before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from generator_svc import contract_prompt, prompt
from generator_svc.plan_examples import CANNOT, EXAMPLES, INPUTS, Example
from generator_svc.profile import Profile
from generator_svc.prompt import Message, ScopeBrief
from placet.actions.action import Action, Parameter
from placet.actions.catalogue import Catalogue
from placet.actions.checking import check
from placet.actions.plan import Plan, Step
from placet.actions.tables import State
from placet.actions.types import (
    BooleanValue,
    Choice,
    ColumnName,
    ColumnNames,
    ColumnType,
    ConditionList,
    InputName,
    NewName,
    NumberValue,
    ParameterType,
    ResultKind,
    StepRef,
    TableType,
    TextValue,
    Value,
)

MAX_COLUMNS_TOLD: Final = 60
_FAILED: Final = re.compile(r"ActionFailed: (.*)")

_SYSTEM: Final = """\
You answer questions about data files by choosing actions, one after the other. Each takes a table that an \
earlier step gave. What the last step gives is the answer and nothing else: one value, a small table or a \
figure.

Purpose: {purpose}

Actions that give
{actions}

You are asked which action comes next, then for its parameters. Keep the rows that the question is about, \
add the columns that it needs, compute what it asks for. Choose finish as soon as the last step gives the \
answer.{ending}{contract}"""

_CANNOT: Final = " Choose cannot if no action does what is asked."
_GIVES: Final[Mapping[ResultKind, str]] = {
    "Value": "one value",
    "Table": "a table",
    "Figure": "a figure",
    "Exported": "a file",
}


def first(
    task: str, scope: ScopeBrief, profiles: Sequence[Profile], catalogue: Catalogue, *, cannot: bool
) -> list[Message]:
    """The messages before the first step."""
    system = _SYSTEM.format(
        purpose=scope.purpose.strip(),
        actions=_listed(catalogue),
        ending=_CANNOT if cannot else "",
        contract=contract_prompt.plan_rules(scope.outputs, scope.columns),
    )
    return [
        {"role": "system", "content": system},
        *_examples(catalogue, cannot=cannot),
        _asked(f"{prompt.files(profiles)}\nTask: {prompt.quoted(task)}"),
    ]


def _examples(catalogue: Catalogue, *, cannot: bool) -> list[Message]:
    """The worked plans that this catalogue allows, as conversations that went before."""
    fitting = [each for each in EXAMPLES if not check(Plan(each.steps), catalogue, INPUTS)]
    messages = [message for each in fitting for message in _worked(each, catalogue, "finish")]
    return messages + (_worked(CANNOT, catalogue, "cannot") if cannot and fitting else [])


def _worked(example: Example, catalogue: Catalogue, ending: str) -> list[Message]:
    messages, state = [_asked(example.question)], State(INPUTS)
    for number, step in enumerate(example.steps, 1):
        action = catalogue.actions[step.action]
        if number > 1:  # the first is nobody's choice: there is one file
            messages += chosen(number, action)
        after = state.after(action, step, catalogue.group)
        messages += done(action, step, state, after)
        state = after
    return [*messages, _said({"action": ending})]


def chosen(number: int, action: Action) -> list[Message]:
    """After an action was chosen: what it does and needs."""
    requires = f" Requires: {' '.join(action.requires.split())}" if action.requires else ""
    told = f"Step {number}: {_signature(action)}\n{action.summary}{requires}"
    return [_said({"action": action.name}), _asked(told)]


def done(action: Action, step: Step, before: State, after: State) -> list[Message]:
    """After a step: what it gave."""
    number = len(after.results)
    values = {each.name: step.values.get(each.name) for each in action.parameters}
    said = {"step": {"action": step.action, **values}}
    return [_said(said), _asked(f"Step {number} gives {_given(before, after)} Next action?")]


def after_failure(first_messages: Sequence[Message], stderr: str) -> list[Message]:
    """Ask afresh after a plan's program failed: the model is told why, in the action's own words."""
    reasons = _FAILED.findall(stderr)
    why = prompt.quoted(reasons[-1][: prompt.MAX_ERROR_CHARS]) if reasons else "an error"
    return prompt.also(first_messages, f"An earlier plan failed with {why}. Choose other steps.")


def after_unusable(first_messages: Sequence[Message]) -> list[Message]:
    """Ask afresh after a reply that was no step."""
    return prompt.also(first_messages, "Choose few steps, each from the list, and finish.")


def _asked(text: str) -> Message:
    return {"role": "user", "content": text}


def _said(value: Mapping[str, Value]) -> Message:
    return {"role": "assistant", "content": json.dumps(value, ensure_ascii=False)}


def _given(before: State, after: State) -> str:
    result = after.results[-1]
    if result.kind != "Table":
        return {"Figure": "a figure.", "Value": "one value.", "Exported": "a file."}[result.kind]
    if not result.table.columns:
        return "a table whose columns are not known." if result.table.open else "a table without columns."
    return f"a table with {_columns(result.table, before)}."


def _columns(table: TableType, before: State) -> str:
    """Its columns; where it has all of an earlier table's, only the others: some tables are wide."""
    if not before.results and table in before.inputs.values():
        return "the columns of the file"
    for number in range(len(before.results), 0, -1):
        earlier = before.table(number).columns
        if len(earlier) > 1 and set(earlier) <= set(table.columns):
            others = [column for column in table.columns if column not in earlier]
            also = f" and {_named(others)}" if others else ""
            return f"the columns of step {number}{also}"
    return _named(table.columns)


def _named(columns: Sequence[tuple[str, ColumnType]]) -> str:
    return ", ".join(f"{prompt.quoted(name)} ({kind})" for name, kind in columns[:MAX_COLUMNS_TOLD])


def _listed(catalogue: Catalogue) -> str:
    """The names, which say what they do; a hundred descriptions would cost each new server a minute."""
    names: dict[ResultKind, list[str]] = {}
    for action in catalogue.actions.values():
        names.setdefault(action.result, []).append(action.name)
    return "\n".join(
        f"- {words}: {', '.join(names[kind])}" for kind, words in _GIVES.items() if kind in names
    )


def _signature(action: Action) -> str:
    written = ", ".join(_parameter(each) for each in action.parameters)
    return f"{action.name}({written})"


def _parameter(parameter: Parameter) -> str:
    return f"{parameter.name}{'' if parameter.required else '?'}: {_type(parameter.type)}"


def _type(kind: ParameterType) -> str:
    match kind:
        case StepRef():
            return "step"
        case InputName():
            return "file"
        case ColumnName():
            return " ".join([*kind.types, "column"])
        case ColumnNames():
            return " ".join([*kind.types, "columns"])
        case NewName():
            return "new name"
        case TextValue():
            return "text"
        case NumberValue():
            return f"{kind.least} to {kind.most}{' ' if kind.unit else ''}{kind.unit}"
        case BooleanValue():
            return "true or false"
        case Choice():
            return ", ".join(kind.options)
        case ConditionList():
            return "conditions"
        case _:
            return "values"

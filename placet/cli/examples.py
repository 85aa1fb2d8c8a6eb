"""A scope's examples as they are put to the guard: programs, and plans in text form with their programs.

Knows a scope's actions. Must not know the guard, nor what is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from placet.actions.catalogue import Catalogue
from placet.actions.checking import check
from placet.actions.compiling import compile_plan
from placet.actions.plan import Plan
from placet.actions.textform import TextInvalid, read_text
from placet.actions.types import ANYTHING, InputName
from placet.approval.errors import ApprovalRefused
from placet.approval.reading import check_input_name
from placet.inputs import Input
from placet.scope import Scope

Expected = Literal["allowed", "denied"]


@dataclass(frozen=True)
class Example:
    """One example. `problems` are those of a plan that does not fit the actions, and so has no program."""

    name: str
    expected: Expected
    program: bytes = b""
    plan: bytes = b""
    inputs: tuple[Input, ...] = ()
    problems: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    """The actions of its plan."""


def examples_of(scope: Scope, catalogue: Catalogue | None) -> Iterator[Example]:
    """All of a scope's examples. `catalogue` is None where no plans run: then each is a program."""
    for number, text in enumerate(scope.examples.allowed):
        yield _example(f"examples.allowed[{number}]", "allowed", text, catalogue)
    for number, text in enumerate(scope.examples.denied):
        yield _example(f"examples.denied[{number}]", "denied", text, catalogue)


def _example(name: str, expected: Expected, text: str, catalogue: Catalogue | None) -> Example:
    try:
        plan = read_text(text) if catalogue else None
    except TextInvalid:
        plan = None
    if plan is None or catalogue is None:
        return Example(name, expected, text.encode())
    return _planned(name, expected, plan, catalogue)


def _planned(name: str, expected: Expected, plan: Plan, catalogue: Catalogue) -> Example:
    """An example knows no files: it may read any that could come with a task, of any columns."""
    files = sorted({file for file in _files(plan, catalogue) if _can_be_input(file)})
    if problems := check(plan, catalogue, dict.fromkeys(files, ANYTHING)):
        return Example(name, expected, plan=plan.document, problems=tuple(map(str, problems)))
    return Example(
        name,
        expected,
        compile_plan(plan, catalogue),
        plan.document,
        tuple(Input(file, b"") for file in files),
        uses=frozenset(step.action for step in plan.steps),
    )


def _can_be_input(name: str) -> bool:
    try:
        check_input_name(name)
    except ApprovalRefused:
        return False
    return True


def _files(plan: Plan, catalogue: Catalogue) -> Iterator[str]:
    for step in plan.steps:
        action = catalogue.actions.get(step.action)
        for parameter in action.parameters if action else ():
            value = step.values.get(parameter.name)
            if isinstance(parameter.type, InputName) and isinstance(value, str):
                yield value

"""The rules over a program that a plan compiles to; where it is too long to be followed at once, in parts.

Knows plans, catalogues and rule reports. Must not know verdicts. A part is all that uses the team's own
actions, or one built-in action with its steps: the parts together hold every function and every value of the
program, and of what a team wrote nothing is taken apart. Built-in actions are reviewed with this guard.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from guard_svc.findings import Finding
from guard_svc.intake import Intake, read_program
from guard_svc.rules import RulesReport, analyse
from placet.actions.catalogue import Catalogue
from placet.actions.compiling import compile_plan
from placet.actions.plan import MAX_STEPS, Plan, Step, read_plan
from placet.actions.types import StepRef
from placet.scope import Scope

_UNFOLLOWED: Final = "threat.introspection.unresolved"


def analyse_compiled(
    intake: Intake, scope: Scope, inputs: Sequence[str], plan: bytes, catalogue: Catalogue
) -> RulesReport:
    """What the rules find in the program that `plan` compiles to. A part's findings name no line."""
    whole = analyse(intake, scope, inputs)
    if not any(found.rule_id == _UNFOLLOWED and found.line == 0 for found in whole.findings):
        return whole
    parts = [analyse(read_program(part), scope, inputs) for part in parts_of(read_plan(plan), catalogue)]
    return RulesReport(
        findings=tuple(dict.fromkeys(_of_the_whole(found) for part in parts for found in part.findings)),
        capabilities=tuple(sorted({need for part in parts for need in part.capabilities})),
        complete=all(part.complete for part in parts),
        pure=False,
    )


def parts_of(plan: Plan, catalogue: Catalogue) -> Iterator[bytes]:
    """Programs that together hold all that the plan's program holds."""
    groups: dict[str, list[int]] = {}
    for number, step in enumerate(plan.steps, 1):
        group = "" if step.action in catalogue.own else step.action
        groups.setdefault(group, []).append(number)
    for numbers in groups.values():
        places = {number: place for place, number in enumerate(numbers, 1)}
        steps = (_renumbered(plan.steps[number - 1], places, catalogue) for number in numbers)
        yield compile_plan(Plan(tuple(steps)), catalogue)


def _renumbered(step: Step, places: Mapping[int, int], catalogue: Catalogue) -> Step:
    """The step with what it refers to under new numbers; what is in another part is unknown here."""
    values = dict(step.values)
    for parameter in catalogue.actions[step.action].parameters:
        value = values.get(parameter.name)
        if isinstance(parameter.type, StepRef) and isinstance(value, int):
            values[parameter.name] = places.get(value, MAX_STEPS + value)
    return Step(step.action, values)


def _of_the_whole(found: Finding) -> Finding:
    return replace(found, line=0, end_line=0, column=0, end_column=0, quote="")

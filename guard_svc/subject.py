"""What the reviewer is told besides a program: what its scope allows, and what the rules found doubtful.

Knows scopes and findings. Must not know the words of a prompt, or what a reviewer answers.
"""

from collections.abc import Sequence
from typing import Final

from guard_svc.findings import Severity
from guard_svc.order import Order
from guard_svc.profiles import population_of
from guard_svc.prompts import Subject
from guard_svc.rules import RulesReport
from placet.scope import Scope

MAX_FACTS: Final = 8


def subject_of(order: Order, report: RulesReport) -> Subject:
    """What the reviewer is told besides the program: doubts of the rules, and capabilities.

    Notes are not told: they are no reason to deny, and a small model takes them for one. Denials are not told
    either: they come this far only when a model is measured, and are then what the rules might have missed.
    """
    doubts = [f for f in report.findings if f.severity is Severity.MEDIUM]
    facts = [f"line {f.line}: {f.message}" for f in doubts[:MAX_FACTS]]
    if needed := _needed(order.scope, report):
        facts.append(f"capabilities needed: {', '.join(needed)[:400]}")
    return subject_with(order, facts)


def _needed(scope: Scope, report: RulesReport) -> list[str]:
    """The capabilities; of a program that is denied only the listed imports, for the others betray it."""
    if not any(finding.denies for finding in report.findings):
        return list(report.capabilities)
    listed = {f"import:{name}" for name in scope.allow.imports}
    return [item for item in report.capabilities if item.partition(".")[0] in listed]


def subject_with(order: Order, facts: Sequence[str]) -> Subject:
    """With these facts. The task is told only where the scope allows much."""
    allows, names = _allows(order.scope), [item.name for item in order.inputs]
    task = order.task if population_of(allows) == "wide" else ""
    return Subject(order.scope.purpose, allows, task, names, facts)


def _allows(scope: Scope) -> list[str]:
    allow = scope.allow
    return [
        *(f"import:{name}" for name in allow.imports),
        *(f"fs.read:{place}" for place in allow.read),
        *(f"fs.write:{place}" for place in allow.write),
        *(f"network:{host}" for host in allow.hosts),
        *(f"process:{command}" for command in allow.commands),
    ]

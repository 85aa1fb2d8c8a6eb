"""Is a program exactly what a plan of actions compiles to?

Knows plans and catalogues (docs/actions-format.md). Must not know verdicts. A plan comes from anybody: it
proves nothing by itself, and what it does not account for byte for byte is judged as if it had not come.
"""

from collections.abc import Collection, Iterable
from typing import Final

import structlog

from placet.actions.catalogue import Catalogue
from placet.actions.checking import check
from placet.actions.compiling import compile_plan
from placet.actions.plan import PlanInvalid, read_plan
from placet.actions.textform import TextInvalid, read_text
from placet.actions.types import ANYTHING

_log = structlog.get_logger(__name__)
NO_PLANS: Final = "The scope's mode is `program`: no plan is looked at."
_MAX_TOLD: Final = 3


def mismatch(plan: bytes, catalogue: Catalogue | None, program: bytes, inputs: Collection[str]) -> str:
    """Why `program` is not what comes of `plan`, in a sentence for people; empty when it is, byte for byte.

    `inputs` are the names of the task's files; their columns are not known here. Raises nothing.
    """
    if catalogue is None:
        return NO_PLANS
    try:
        return _mismatch(plan, catalogue, program, inputs)
    except Exception:
        # Whatever a hostile plan breaks in us, it does not account for a program.
        _log.exception("a plan could not be compiled")
        return "The plan could not be compiled."


def is_plan(task: str, catalogue: Catalogue | None, inputs: Collection[str]) -> bool:
    """Whether a task is wholly a plan in text form that fits the scope's actions. Raises nothing."""
    if catalogue is None:
        return False
    try:
        return not check(read_text(task, inputs), catalogue, dict.fromkeys(inputs, ANYTHING))
    except TextInvalid:
        return False


def _mismatch(document: bytes, catalogue: Catalogue, program: bytes, inputs: Collection[str]) -> str:
    try:
        plan = read_plan(document)
    except PlanInvalid as error:
        return _told("It is no plan", error.problems)
    if plan.document != document:
        return "The plan is not spelt as its digest asks (docs/actions-format.md 3.4): send its JCS bytes."
    if problems := check(plan, catalogue, dict.fromkeys(inputs, ANYTHING)):
        return _told("The plan does not fit the scope's actions", problems)
    if compile_plan(plan, catalogue) != program:
        return "The program is not the one that the plan compiles to with this guard's actions."
    return ""


def _told(what: str, problems: Iterable[object]) -> str:
    first = list(problems)[: _MAX_TOLD + 1]
    more = " …" if len(first) > _MAX_TOLD else ""
    return f"{what}: {'; '.join(map(str, first[:_MAX_TOLD]))}{more}"

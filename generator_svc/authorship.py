"""Whose turn it is to write a task's programs, by the scope's mode.

Knows modes, and when a task's text is itself a plan. Must not know what becomes of a program.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from generator_svc import plan_prompt, prompt
from generator_svc.authors import Author, Chooser, Coder, Dictated
from generator_svc.planning import Vocabulary, tables_of
from generator_svc.ports import Planner, Writer
from generator_svc.profile import Profile
from generator_svc.prompt import ScopeBrief
from generator_svc.task import TaskRefused
from placet.actions.checking import check
from placet.actions.decoding import offered
from placet.actions.plan import Plan
from placet.actions.tables import State
from placet.actions.textform import TextInvalid, read_text
from placet.actions.types import ANYTHING, TableType

MAX_ATTEMPTS: Final = 3
"""Programs of one task, whoever writes them."""
MAX_PROBLEMS_TOLD: Final = 10


def authors_of(
    task: str, scope: ScopeBrief, profiles: Sequence[Profile], writer: Writer, planner: Planner
) -> list[Author]:
    """Who writes, in turn.

    Raises TaskRefused for a text that is a plan, but not one that fits, and where no plan can begin.
    """
    coder = Coder(writer, prompt.first(task, scope, profiles), MAX_ATTEMPTS)
    if scope.catalogue is None:
        return [coder]
    goes_on = scope.mode != "actions"
    vocabulary = Vocabulary(scope.catalogue, tables_of(profiles), cannot=goes_on)
    if plan := _dictated(task, vocabulary, profiles):
        return [Dictated(plan, vocabulary)]
    if not offered(scope.catalogue, State(vocabulary.inputs)):
        if goes_on:
            return [coder]
        raise TaskRefused(
            "NO_TABLE",
            "The scope allows actions on tables only, and no input is one that it grants: attach a CSV or "
            "Parquet file",
        )
    first = plan_prompt.first(task, scope, profiles, scope.catalogue, cannot=goes_on)
    if goes_on:
        # A plan that did not lead to an answer will hardly do so at the second try; code may.
        return [Chooser(planner, vocabulary, first, 1), coder]
    return [Chooser(planner, vocabulary, first, MAX_ATTEMPTS)]


def _dictated(task: str, vocabulary: Vocabulary, profiles: Sequence[Profile]) -> Plan | None:
    """The plan that the text is; None when it is a task in words."""
    # A person may name what a profile leaves out: a file that is no table here, columns beyond the first.
    inputs = {p.name: _open(p, vocabulary.inputs) for p in profiles}
    try:
        plan = read_text(task, inputs)
    except TextInvalid:
        return None
    if not any(step.action in vocabulary.catalogue.actions for step in plan.steps):
        return None  # a word or two of a person
    if problems := check(plan, vocabulary.catalogue, inputs):
        told = "; ".join(map(str, problems[:MAX_PROBLEMS_TOLD]))
        raise TaskRefused("PLAN_INVALID", f"The task is a plan that does not fit: {told}")
    return plan


def _open(profile: Profile, inputs: Mapping[str, TableType]) -> TableType:
    known = inputs.get(profile.name, ANYTHING)
    return TableType(known.columns, open=True) if profile.more_columns else known

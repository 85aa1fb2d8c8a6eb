"""Typed actions on tables and figures, plans made of them, and the one program that comes of a plan.

Knows docs/actions-format.md. Pure: no gRPC, no data library; actions are read as text and never imported.
"""

from placet.actions.action import Action, Definition, Parameter
from placet.actions.catalogue import Catalogue, SmallestGroup, catalogue_for, make_catalogue
from placet.actions.checking import check, step_problems
from placet.actions.compiling import compile_plan
from placet.actions.decoding import Ending, action_schema, offered, step_schema, taken
from placet.actions.plan import MAX_STEPS, Plan, PlanInvalid, Problem, Step, plan_of, read_plan
from placet.actions.reading import ActionInvalid, read_actions
from placet.actions.tables import Result, State
from placet.actions.textform import TextInvalid, read_text, text_of
from placet.actions.types import ANYTHING, COLUMN_TYPES, ColumnType, TableType

__all__ = [
    "ANYTHING",
    "COLUMN_TYPES",
    "MAX_STEPS",
    "Action",
    "ActionInvalid",
    "Catalogue",
    "ColumnType",
    "Definition",
    "Ending",
    "Parameter",
    "Plan",
    "PlanInvalid",
    "Problem",
    "Result",
    "SmallestGroup",
    "State",
    "Step",
    "TableType",
    "TextInvalid",
    "action_schema",
    "catalogue_for",
    "check",
    "compile_plan",
    "make_catalogue",
    "offered",
    "plan_of",
    "read_actions",
    "read_plan",
    "read_text",
    "step_problems",
    "step_schema",
    "taken",
    "text_of",
]

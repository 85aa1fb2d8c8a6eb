"""docs/actions-format.md: what holds of every plan that the schemas let a model write, and of its values."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from placet.actions import (
    ANYTHING,
    Plan,
    PlanInvalid,
    State,
    Step,
    TableType,
    TextInvalid,
    check,
    compile_plan,
    make_catalogue,
    read_plan,
    read_text,
    step_problems,
    step_schema,
    taken,
    text_of,
)
from placet.actions.compiling import literal
from tests.fakes.actions import INPUTS, catalogue

BUILT_IN = make_catalogue()
CATALOGUES = {"built in": BUILT_IN, "small": catalogue()}
HARD = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
column_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
column_types = st.sampled_from(["number", "date", "text", "boolean", "any"])
tables = st.dictionaries(column_names, column_types, min_size=1, max_size=6).map(TableType.of)
finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.booleans() | finite
keys = st.sampled_from(["version", "steps", "action", "x"])
inputs = st.dictionaries(st.sampled_from(["a.csv", "b c.csv", "d.parquet"]), tables, min_size=1, max_size=2)


def nested(names: st.SearchStrategy[str]) -> Callable[..., st.SearchStrategy[Any]]:
    """Lists and objects of what there is."""
    return lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3)


@cache
def matching(pattern: str) -> st.SearchStrategy[str]:
    """Short strings of the pattern."""
    if pattern.startswith("^[ !#-"):  # any text without quotation marks; from_regex is slow on it
        return st.text(st.sampled_from("ab Z09 #'%{}[]~$`;üɏ"), max_size=12)
    return st.from_regex(pattern, fullmatch=True)


def instance(draw: st.DrawFn, schema: dict[str, Any], definitions: dict[str, Any]) -> object:
    """Any value that the schema accepts, shorter lists first."""
    if "$ref" in schema:
        return instance(draw, definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        branches = schema["anyOf"]
        return instance(draw, branches[draw(st.integers(0, len(branches) - 1))], definitions)
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if schema["type"] == "object":
        return {name: instance(draw, each, definitions) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        many = draw(st.integers(schema["minItems"], min(schema["maxItems"], schema["minItems"] + 2)))
        return [instance(draw, schema["items"], definitions) for _ in range(many)]
    if schema["type"] == "string":
        text = draw(matching(schema["pattern"]))
        assert re.search(schema["pattern"], text)
        return text
    if schema["type"] in ("integer", "number"):
        numbers = st.integers if schema["type"] == "integer" else st.floats
        return draw(numbers(schema["minimum"], schema["maximum"]))
    return draw(st.booleans()) if schema["type"] == "boolean" else None


@st.composite
def steps_taken(draw: st.DrawFn, library: str, files: dict[str, TableType], many: int) -> list[Step]:
    """Steps as a model that is held to the schemas replies them; each fits where it stands."""
    known = CATALOGUES[library]  # by name: Hypothesis writes down what a strategy is given
    state, steps = State(files), list[Step]()
    while len(steps) < many:
        schema = step_schema(known, state, cannot=draw(st.booleans()))
        try:
            step = taken(instance(draw, schema, schema.get("$defs", {})), known, state)  # type: ignore[arg-type]
        except PlanInvalid:
            raise AssertionError("the schema accepts what is no step") from None
        if not isinstance(step, Step):
            break
        problems = list(step_problems(known.actions[step.action], step, state, known.group))
        # §5.1: of columns that were named twice too few may be left.
        assume(not any("columns, not" in problem.message for problem in problems))
        assert problems == [], (step, problems)
        state = state.after(known.actions[step.action], step, known.group)
        steps.append(step)
    assume(steps)
    return steps


@settings(HARD, max_examples=40)
@given(st.data())
def test_every_plan_that_the_schemas_accept_checks_and_compiles(data: st.DataObject) -> None:
    """§5.1: MUST accept no step that 3.3 refuses. §4.1: one program. §6.4: a text that gives the plan."""
    files = data.draw(inputs)
    plan = Plan(tuple(data.draw(steps_taken("built in", files, 4))))

    assert check(plan, BUILT_IN, files) == ()
    assert check(plan, BUILT_IN, dict.fromkeys(files, ANYTHING)) == ()
    again = read_plan(plan.document)
    assert again.sha256 == plan.sha256
    program = compile_plan(plan, BUILT_IN)
    assert compile_plan(again, BUILT_IN) == program
    ast.parse(program)
    assert read_text(text_of(plan, files), files).document == plan.document


@settings(HARD, max_examples=30)
@given(st.data())
def test_the_same_holds_behind_figures_and_of_each_kind_of_parameter(data: st.DataObject) -> None:
    """§5.1, with the small library: longer plans."""
    plan = Plan(tuple(data.draw(steps_taken("small", INPUTS, 8))))

    assert check(plan, catalogue(), INPUTS) == ()
    ast.parse(compile_plan(plan, catalogue()))


@settings(HARD, max_examples=100)
@given(st.recursive(scalars, nested(st.text(st.characters(codec="ascii")))))
def test_every_value_becomes_the_literal_that_means_it(value: Any) -> None:
    """§4.4: a value from the plan MUST stand in the program as a Python literal."""
    written = literal(value)
    assert ast.literal_eval(written) == value
    assert "\n" not in written
    assert "\r" not in written


@settings(HARD, max_examples=150)
@given(
    st.text(max_size=60)
    | st.from_regex(r"(FROM|MEAN|COUNT|read)[ a-z=\[\]\",<>0-9.A-Z]{0,40}", fullmatch=True)
)
def test_no_text_breaks_the_reader_and_what_it_reads_it_writes(text: str) -> None:
    """§6.3, §6.4."""
    try:
        plan = read_text(text, ["sales.csv"])
    except TextInvalid:
        return
    assert read_text(text_of(plan, ["sales.csv"]), ["sales.csv"]).document == plan.document


@settings(HARD, max_examples=100)
@given(
    st.binary(max_size=200)
    | st.recursive(scalars, nested(keys)).map(lambda value: json.dumps(value).encode())
)
def test_no_bytes_break_the_reader_of_plans(document: bytes) -> None:
    """§3.3: a reader MUST refuse what is no plan, and MUST do nothing else with it."""
    try:
        plan = read_plan(document)
    except PlanInvalid:
        return
    assert read_plan(plan.document) == plan
    check(plan, catalogue(), INPUTS)

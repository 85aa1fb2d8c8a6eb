"""docs/actions-format.md §5: the schema of a next step holds what can follow; a reply is taken if it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from placet.actions import (
    PlanInvalid,
    State,
    Step,
    TableType,
    action_schema,
    make_catalogue,
    offered,
    plan_of,
    step_schema,
    taken,
)
from placet.actions.catalogue import Catalogue
from tests.fakes.actions import SALES, catalogue, start

READ = Step("read", {"file": "sales.csv"})


def behind(*steps: Step) -> State:
    state = start()
    for step in steps:
        state = state.after(catalogue().actions[step.action], step)
    return state


def accepted(step: object, state: State, **more: Any) -> bool:
    schema = step_schema(catalogue(), state, **more)
    return jsonschema.Draft202012Validator(schema).is_valid({"step": step})


BAR = {
    "action": "bar", "table": 1, "x": "region", "y": "price",
    "title": None, "bins": None, "stacked": None, "marks": None, "group": None,
}  # fmt: skip


def test_at_first_only_inputs_can_be_read_and_nothing_is_finished() -> None:
    """§5.3, §5.4."""
    assert offered(catalogue(), start()) == ("read",)
    assert accepted({"action": "read", "file": "costs.csv"}, start())
    assert not accepted({"action": "read", "file": "other.csv"}, start())
    assert not accepted({"action": "finish"}, start())
    assert accepted({"action": "finish"}, behind(READ))


def test_cannot_is_offered_only_where_a_program_may_follow() -> None:
    """§5.3."""
    assert not accepted({"action": "cannot"}, start())
    assert accepted({"action": "cannot"}, start(), cannot=True)
    assert action_schema(catalogue(), behind(READ), cannot=True)["properties"]["action"]["enum"][-2:] == [
        "finish",
        "cannot",
    ]


def test_columns_are_those_that_exist_at_that_point_by_type() -> None:
    """§5.2."""
    mean = {
        "action": "aggregate",
        "table": 1,
        "by": ["region"],
        "column": "price",
        "how": "mean",
        "name": "m",
    }
    state = behind(READ)
    assert accepted(mean, state)
    assert accepted({**mean, "column": 'od"d\n'}, state)
    for wrong in (
        {"column": "region"},
        {"column": "cost"},
        {"by": []},
        {"how": "best"},
        {"name": "a-b"},
        {"table": 2},
    ):
        assert not accepted({**mean, **wrong}, state), wrong
    later = state.after(catalogue().actions["aggregate"], plan_of([mean]).steps[0])
    assert accepted({**BAR, "table": 2, "y": "m"}, later)
    assert not accepted({**BAR, "table": 2, "y": "price"}, later)
    assert accepted({**BAR, "table": 1, "y": "price"}, later)


def test_null_stands_for_a_default_and_every_key_must_be_there() -> None:
    """§5.2."""
    assert accepted(BAR, behind(READ))
    assert not accepted({name: value for name, value in BAR.items() if name != "title"}, behind(READ))
    assert not accepted({**BAR, "x": None}, behind(READ))
    assert not accepted({**BAR, "more": 1}, behind(READ))


def test_an_action_whose_columns_do_not_exist_is_not_offered() -> None:
    """§5.4."""
    state = State({"a.csv": TableType.of({"word": "text"})})
    state = state.after(catalogue().actions["read"], Step("read", {"file": "a.csv"}))
    assert "bar" not in offered(catalogue(), state)
    assert "pivot" in offered(catalogue(), state)
    assert "export" not in offered(catalogue(), state)
    drawn = behind(READ, Step("bar", {"table": 1, "x": "region", "y": "price"}))
    assert "export" in offered(catalogue(), drawn)
    assert accepted({"action": "export", "figure": 2, "file": "x"}, drawn)
    assert not accepted({"action": "export", "figure": 1, "file": "x"}, drawn)


def test_tables_are_joined_by_columns_that_both_have() -> None:
    """§2.1, §5.1."""
    state = behind(READ, Step("read", {"file": "costs.csv"}))
    join = {"action": "join", "left": 1, "on": ["region"], "right": 2}
    assert accepted(join, state)
    assert not accepted({**join, "on": ["price"]}, state)
    assert accepted({**join, "right": 1, "on": ["price"]}, state)


def test_of_tables_the_newest_with_different_columns_are_offered() -> None:
    """§5.4."""
    renamed = [Step("rename", {"table": 1, "column": "sold", "name": f"day {n}"}) for n in range(6)]
    state = behind(READ, *renamed, Step("filter_rows", {"table": 7, "where": []}))
    ranked = {"action": "ranked", "column": "price", "name": None}
    assert [n for n in range(1, 10) if accepted({**ranked, "table": n}, state)] == [4, 5, 6, 7, 8]


def test_a_plan_of_24_steps_can_only_end() -> None:
    """§3.1."""
    state = behind(*[READ] * 24)
    assert offered(catalogue(), state) == ()
    assert accepted({"action": "finish"}, state)
    with pytest.raises(ValueError, match="no action can follow"):
        step_schema(catalogue(), State({}), only=["read"])


def test_a_choice_in_two_calls_is_the_choice_in_one() -> None:
    state = behind(READ)
    assert action_schema(catalogue(), state)["properties"]["action"]["enum"] == [
        *offered(catalogue(), state),
        "finish",
    ]
    assert accepted(BAR, state, only=["bar"])
    assert not accepted(BAR, state, only=["value"])
    assert not accepted({"action": "finish"}, state, only=["bar"])


def test_a_reply_is_mended_where_a_schema_cannot_hold_it() -> None:
    """§5.1."""
    reply = {
        "action": "aggregate",
        "table": 1,
        "by": ["region", "region"],
        "column": "price",
        "how": "sum",
        "name": "price",
    }
    step = taken({"step": reply}, catalogue(), behind(READ))
    assert isinstance(step, Step)
    assert (step.values["by"], step.values["name"]) == (["region"], "price_2")
    assert "title" not in taken({"step": BAR}, catalogue(), behind(READ)).values  # type: ignore[union-attr]
    assert taken({"step": {"action": "finish"}}, catalogue(), behind(READ)) == "finish"
    assert taken({"step": {"action": "cannot"}}, catalogue(), behind(READ)) == "cannot"


@pytest.mark.parametrize(
    "reply", [{}, {"step": None}, {"step": "read"}, {"step": {"action": "fly"}}, {"step": {"action": 1}}]
)
def test_a_reply_that_is_no_step_is_refused(reply: Mapping[str, object]) -> None:
    with pytest.raises(PlanInvalid, match="step 2"):
        taken(reply, catalogue(), behind(READ))


KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "anyOf", "enum", "items", "minItems"),
    *("maxItems", "minimum", "maximum", "pattern", "$ref", "$defs"),
}


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(schema, list):
        for each in schema:
            yield from objects(each)
    elif isinstance(schema, dict):
        yield schema
        for name, each in schema.items():
            yield from objects(
                list(each.values()) if name in ("properties", "$defs") else each if name != "enum" else []
            )


def full() -> tuple[Catalogue, State]:
    """The built-in actions behind a file with columns of each type."""
    known = make_catalogue()
    state = State({"sales.csv": SALES})
    return known, state.after(known.actions["read"], Step("read", {"file": "sales.csv"}))


def test_schemas_use_only_what_strict_modes_hold_a_model_to() -> None:
    """§5.2: closed, all keys required, no keyword that OpenAI's strict mode refuses."""
    known, state = full()
    for schema in (step_schema(known, state), action_schema(known, state)):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        for each in objects(schema):
            assert set(each) <= KEYWORDS
            if each.get("type") == "object":
                assert each["additionalProperties"] is False
                assert each["required"] == list(each["properties"])


def test_the_schema_of_all_built_in_actions_stays_within_strict_modes_bounds() -> None:
    """OpenAI's are 5,000 properties and 1,000 values in enumerations."""
    known, state = full()
    assert len(offered(known, state)) == len(known.actions)
    found = list(objects(step_schema(known, state)))
    assert sum(len(each.get("properties", ())) for each in found) < 5000
    assert sum(len(each.get("enum", ())) for each in found) < 1000

"""docs/scope-format.md, "Comparing two scopes": modes, companions, actions, columns and contracts."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placet.scope import Actions, Contract, Inputs, Outputs, Relation, Scope, compare, load_scope

A, B = "a" * 64, "b" * 64
BASE = {
    "apiVersion": "placet/v1",
    "kind": "Scope",
    "metadata": {"name": "a", "version": 1, "owner": "b"},
    "purpose": "c",
    "mode": "actions",
}


def scope(**keys: object) -> Scope:
    return load_scope(json.dumps(BASE | keys).encode())


def columns(*entries: dict[str, object]) -> dict[str, object]:
    return {"inputs": {"columns": list(entries)}}


def contract(**keys: object) -> dict[str, object]:
    return {"outputs": {"contract": keys}}


SALES = {"input": "*.csv", "grant": ["region"], "mask": ["customer"]}
NARROWER = [
    ({"mode": "actions_then_program"}, {}),
    ({}, {"actions": {"only": ["mean"]}}),
    ({"actions": {"only": ["mean", "bar"]}}, {"actions": {"only": ["bar"]}}),
    ({}, columns(SALES)),
    (columns(SALES | {"grant": ["region", "price"]}), columns(SALES)),
    (columns(SALES), columns({"input": "*.csv", "grant": ["region"]})),
    (columns({"input": "*.csv", "grant": ["region", "customer"]}), columns(SALES)),
    ({}, {"outputs": {"images": "figures_only"}}),
    ({}, contract()),
    (contract(), contract(result={"type": "object"})),
    (contract(), contract(max_kib=9)),
    (contract(max_rows=10), contract(max_rows=9)),
    (contract(), contract(min_group={"size": 5, "count": "n"})),
    (contract(min_group={"size": 5, "count": "n"}), contract(min_group={"size": 6, "count": "n"})),
    (contract(deny_columns=["email"]), contract(deny_columns=["email", "*_id"])),
]
TO_READ = [
    ({"mode": "program"}, {}),
    ({"files": {"x.py": A}}, {"files": {"x.py": B}}),
    ({}, {"files": {"x.py": A}}),
    ({"files": {"x.py": A}}, {"files": {"x.py": A}, "actions": {"own": ["x.py"]}}),
    ({"files": {"x.yaml": A}}, {"files": {"x.yaml": A}, "style": "x.yaml"}),
    (columns(SALES), columns(SALES | {"input": "*"})),
    (columns(SALES), columns(SALES, SALES | {"input": "*"})),
    (contract(result={"type": "object"}), contract(result={"type": "array"})),
    (contract(min_group={"size": 5, "count": "n"}), contract(min_group={"size": 5, "count": "m"})),
]


@pytest.mark.parametrize(("a", "b"), NARROWER)
def test_what_hands_over_less_is_narrower_and_back_again_wider(a: dict, b: dict) -> None:
    assert compare(scope(**a), scope(**b)).relation is Relation.NARROWER
    assert compare(scope(**b), scope(**a)).relation is Relation.WIDER


@pytest.mark.parametrize(("a", "b"), TO_READ)
def test_what_no_logic_can_rank_must_be_read(a: dict, b: dict) -> None:
    """2: A change of words MUST be read by a person."""
    found = compare(scope(**a), scope(**b))
    assert found.to_read
    assert (found.relation, found.grants_no_more) == (Relation.INCOMPARABLE, False)


def test_an_own_action_that_is_dropped_is_narrower_and_one_that_is_added_must_be_read() -> None:
    without, added = {"files": {"x.py": A}}, {"files": {"x.py": A}, "actions": {"own": ["x.py"]}}
    assert compare(scope(**added), scope(**without)).relation is Relation.NARROWER
    assert compare(scope(**without), scope(**added)).relation is Relation.INCOMPARABLE


def test_the_order_of_columns_and_names_is_no_difference() -> None:
    one = columns({"input": "*", "grant": ["a", "b"]}) | {"actions": {"only": ["mean", "bar"]}}
    other = columns({"input": "*", "grant": ["b", "a"]}) | {"actions": {"only": ["bar", "mean"]}}
    assert compare(scope(**one), scope(**other)).relation is Relation.EQUAL


@pytest.mark.parametrize("model", [Actions, Contract, Inputs, Outputs])
def test_every_key_of_these_sections_is_compared(model: type) -> None:
    """2: The same holds for a key that this section does not order: so none may be added and forgotten."""
    sides = [*NARROWER, *TO_READ, ({"outputs": {"kinds": ["png"]}}, {})]
    told = "\n".join(str(compare(scope(**a), scope(**b))) for a, b in sides)
    one_value = {"secrets"}
    missing = [key for key in set(model.model_fields) - one_value if f".{key}" not in told]
    assert missing == []


def test_a_new_section_of_the_schema_is_compared_too() -> None:
    told = {"apiVersion", "kind", "purpose", "mode", "files", "actions", "style", "inputs"} | {
        *("allow", "limits", "review", "prompt", "outputs", "rules"),
    }
    assert set(Scope.model_fields) - told == {"metadata", "examples"}


def _some(items: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), unique=True, min_size=least, max_size=2)


CONTRACTS = st.fixed_dictionaries(
    {},
    optional={
        "max_rows": st.integers(1, 3),
        "max_kib": st.integers(1, 3),
        "min_group": st.fixed_dictionaries({"size": st.integers(2, 4), "count": st.sampled_from(["n", "m"])}),
        "deny_columns": _some(["a", "b", "*_id"]),
    },
)
ENTRIES = st.fixed_dictionaries(
    {"input": st.just("*.csv"), "grant": _some(["a", "b"], 1), "mask": _some(["c", "d"])}
)
SCOPES = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["actions", "actions_then_program"]),
        "actions": st.fixed_dictionaries({"only": _some(["mean", "bar", "top"])}),
        "inputs": st.fixed_dictionaries({}, optional={"columns": st.lists(ENTRIES, min_size=1, max_size=1)}),
        "outputs": st.fixed_dictionaries(
            {"images": st.sampled_from(["any", "figures_only"])}, optional={"contract": CONTRACTS}
        ),
    }
).map(lambda keys: scope(**keys))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCOPES, SCOPES, SCOPES)
def test_not_handing_over_more_is_an_order(a: Scope, b: Scope, c: Scope) -> None:
    """1: reflexive, transitive, and antisymmetric up to spelling."""
    assert compare(a, a).relation is Relation.EQUAL
    if compare(a, b).grants_no_more and compare(b, c).grants_no_more:
        assert compare(a, c).grants_no_more
    if compare(a, b).grants_no_more and compare(b, a).grants_no_more:
        assert compare(a, b).relation is compare(b, a).relation is Relation.EQUAL

"""docs/contract.md 3.3: schemas of results that a scope can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.scope import Scope, ScopeInvalid, load_scope, result_schema
from placet.scope.result_schema import KEYWORDS

NAMES = st.sampled_from(["a", "b", "mean"])
NUMBERS = st.integers(-900, 900).map(lambda number: number / 100)
"""Without exponents: JSON's `1e-05` is a text in YAML 1.1, which scopes are written in."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | NUMBERS | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["null", "boolean", "object", "array", "number", "integer", "string"])
COUNTS = st.integers(0, 5)


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    subs, named = st.lists(inner, min_size=1, max_size=2), st.dictionaries(NAMES, inner, max_size=2)
    fitting = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "title": st.text("ab", max_size=3),
        "enum": st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True),
        "const": VALUES,
        "multipleOf": st.integers(1, 5),
        "pattern": st.sampled_from(["^a", "[ab]+", "b$"]),
        "uniqueItems": st.booleans(),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "$ref": st.just("#/$defs/a"),
        **dict.fromkeys(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), NUMBERS),
        **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems"), COUNTS),
        **dict.fromkeys(("maxProperties", "minProperties"), COUNTS),
        **dict.fromkeys(("items", "additionalProperties", "propertyNames", "not"), inner),
        **dict.fromkeys(("prefixItems", "allOf", "anyOf", "oneOf"), subs),
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
    }
    return st.fixed_dictionaries({}, optional=fitting)


SCHEMAS = st.recursive(st.booleans() | st.builds(dict, type=TYPES), _keywords, max_leaves=8).filter(
    lambda schema: isinstance(schema, dict)
)


def scope(result: Any, **outputs: Any) -> Scope:
    document = {
        "apiVersion": "placet/v1",
        "kind": "Scope",
        "metadata": {"name": "a", "version": 1, "owner": "b"},
        "purpose": "x",
        "outputs": {"contract": {"result": result}, **outputs},
    }
    return load_scope(json.dumps(document).encode())  # which is YAML too


@settings(deadline=None)
@given(SCHEMAS, VALUES)
def test_what_a_scope_accepts_is_a_schema_and_is_kept_as_it_was_written(schema: Any, value: Any) -> None:
    """3.3 The schema is JSON Schema 2020-12 with the keywords below."""
    written = {**schema, "$defs": {"a": {"type": "string"}}}
    loaded = scope(written).outputs.contract
    assert loaded is not None
    assert loaded.result == loaded.model_dump(mode="json")["result"] == written
    jsonschema.Draft202012Validator.check_schema(written)
    jsonschema.Draft202012Validator(written).is_valid(value)  # and raises nothing


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"typo": 1}, "result.typo"),
        ({"type": "objct"}, "result.type"),
        ({"type": []}, "result.type"),
        ({"type": ["null", "null"]}, "result.type"),
        ({"properties": {"a": {"type": 3}}}, "result.properties.a.type"),
        ({"properties": {"a": 3}}, "result.properties.a"),
        ({"items": [{"type": "string"}]}, "result.items"),
        ({"maximum": "3"}, "result.maximum"),
        ({"maximum": True}, "result.maximum"),
        ({"multipleOf": 0}, "result.multipleOf"),
        ({"minLength": -1}, "result.minLength"),
        ({"minLength": 1.5}, "result.minLength"),
        ({"pattern": "("}, "result.pattern"),
        ({"patternProperties": {"(": {}}}, "result.patternProperties"),
        ({"required": ["a", "a"]}, "result.required"),
        ({"enum": []}, "result.enum"),
        ({"enum": [[1], "[1]", [1]]}, "result.enum"),
        ({"allOf": []}, "result.allOf"),
        ({"$ref": "https://example.org/schema"}, "result.$ref"),
        ({"$ref": "#/$defs/a"}, "result: $ref"),
        ({"items": {"$ref": "#/$defs/a"}, "$defs": {"b": {}}}, "result: $ref"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}}, "result: $defs.a"),
        (
            {"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}},
            "$defs.a",
        ),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "result.$schema"),
        ({"format": "email"}, "result.format"),
        ({"$dynamicRef": "#a"}, "result.$dynamicRef"),
        ([], "outputs.contract.result"),
        ("object", "outputs.contract.result"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_line(schema: Any, where: str) -> None:
    """3.3 A scope with another keyword, a value that does not fit … is refused when it is loaded."""
    with pytest.raises(ScopeInvalid) as refused:
        scope(schema)
    assert where in str(refused.value)
    assert "line " in refused.value.problems[0]


def test_definitions_that_lead_to_one_another_are_each_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A caller may send a schema with thousands of them, and must not cost a guard its time."""
    looks: list[object] = []
    references = result_schema._references
    monkeypatch.setattr(
        result_schema, "_references", lambda each, *, deep: looks.append(each) or references(each, deep=deep)
    )

    def count(many: int) -> int:
        looks.clear()
        chain = {f"d{place}": {"$ref": f"#/$defs/d{place + 1}"} for place in range(many)}
        scope({"$defs": {**chain, f"d{many}": True}})
        return len(looks)

    assert count(80) < 3 * count(40)


def test_a_schema_can_speak_of_itself_further_down() -> None:
    tree = {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}}
    assert json.dumps(scope(tree).outputs.contract.result) == json.dumps(tree)


def test_the_page_names_the_keywords_there_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
    listed = page.partition("`$schema ")[2].partition("`")[0]
    assert {"$schema", *listed.split()} == KEYWORDS


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_denied_columns_and_pictures_go_with_figures_only(kind: str) -> None:
    """5.5 A scope with `deny_columns` and images among its kinds MUST say `images: figures_only`."""
    denies = {"kinds": ["text", kind], "contract": {"deny_columns": ["email"]}}
    with pytest.raises(ScopeInvalid, match="images: figures_only"):
        scope({}, **denies)
    assert scope({}, **denies, images="figures_only").outputs.contract is not None
    assert scope({}, kinds=["text"], contract={"deny_columns": ["email"]}).outputs.images == "any"

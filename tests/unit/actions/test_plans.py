"""docs/actions-format.md §3: a plan fits catalogue and inputs, or every problem is told with its place."""

from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785

from placet.actions import (
    ANYTHING,
    Plan,
    PlanInvalid,
    SmallestGroup,
    State,
    Step,
    TableType,
    check,
    compile_plan,
    make_catalogue,
    plan_of,
    read_plan,
)
from placet.actions.canonical import canonical
from placet.actions.compiling import size_problem
from tests.fakes.actions import INPUTS, MEAN, READ, catalogue


def plan(*steps: object) -> Plan:
    return read_plan(json.dumps({"version": 1, "steps": steps}, ensure_ascii=False).encode())


def told(*steps: object, **more: object) -> list[str]:
    return [str(problem) for problem in check(plan(*steps), catalogue(), more or INPUTS)]  # type: ignore[arg-type]


def test_a_plan_is_named_by_its_jcs_bytes_however_it_was_written() -> None:
    """§3.4."""
    loose = b' {"version": 1, "steps": [{"file": "sales.csv", "action": "read", "else": null}]}'
    found = read_plan(loose)
    assert found.document == b'{"steps":[{"action":"read","file":"sales.csv"}],"version":1}'
    assert found.sha256 == hashlib.sha256(found.document).digest()
    assert read_plan(found.document) == found


@pytest.mark.parametrize(
    "value", [0.1, 1e-7, 1.5e-300, -2.25, 123456.789, 1e14 + 0.5, 'é\u2028\x7f\b"\\', [True], 10**15]
)
def test_the_spelling_is_that_of_rfc8785(value: object) -> None:
    """§3.4."""
    assert canonical({"a": value, "B": [value]}) == rfc8785.dumps({"a": value, "B": [value]})  # type: ignore[dict-item]


def test_whole_numbers_have_one_spelling() -> None:
    """§2.4."""
    assert plan({**READ, "n": 2020.0}).document == plan({**READ, "n": 2020}).document


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "version"),
        (b'{"version":1,"steps":[]}', "1 to 24"),
        (b'{"version":2,"steps":[{"action":"read"}]}', "version"),
        (b'{"version":true,"steps":[{"action":"read"}]}', "version"),
        (b'{"version":1,"steps":[{"action":"read"}],"note":"x"}', "nothing else"),
        (b'{"version":1,"version":1,"steps":[{"action":"read"}]}', "repeats a key"),
        (b'{"version":1,"steps":[{"action":"read","x":NaN}]}', "not a number"),
        (b'{"version":1,"steps":[{"action":"read","x":1e400}]}', "step 1.x: a number"),
        (b'{"version":1,"steps":[{"action":"read","x":1e16}]}', "step 1.x: a number"),
        (b'{"version":1,"steps":[{"action":"read","x":"\\ud800"}]}', "half a character"),
        (b'{"version":1,"steps":[{"action":"read","x":[[[[[[1]]]]]]}]}', "step 1.x: is neither"),
        (b'{"version":1,"steps":[{"action":"read","\xc3\xbc":1}]}', "no parameter"),
        (b'{"version":1,"steps":["read"]}', "step 1: a step is"),
        (b'{"version":1,"steps":[{"file":"sales.csv"}]}', "step 1: a step is"),
        (b'{"version":1,"steps":[' + b'{"action":"read"},' * 24 + b'{"action":"read"}]}', "1 to 24"),
        (b'{"version":1,"steps":[{"action":"' + b"x" * 70_000 + b'"}]}', "at most 65536"),
        (b"[" * 50_000, "not JSON"),
    ],
)
def test_what_is_no_plan_is_refused(document: bytes, words: str) -> None:
    """§3.1, §3.3."""
    with pytest.raises(PlanInvalid, match=words):
        read_plan(document)


def test_a_plan_that_fits_has_no_problem() -> None:
    assert (
        told(READ, MEAN, {"action": "bar", "table": 2, "x": "region", "y": "mean price", "title": "Prices"})
        == []
    )


def test_every_problem_is_told_with_its_step_and_parameter() -> None:
    """§3.3."""
    assert told(
        {"action": "read", "file": "other.csv"},
        {"action": "aggregate", "table": 1, "by": [], "how": "best", "name": "a\nb", "more": 1},
        {"action": "fly"},
        {"action": "bar", "table": 9, "x": "region", "y": "price"},
    ) == [
        "step 1.file: there is no input 'other.csv'; there are: sales.csv, costs.csv",
        "step 2.more: aggregate has no such parameter; it has table, by, column, how, name",
        "step 2.by: must name 1 to 4 columns, not 0",
        "step 2.column: is missing",
        "step 2.how: must be mean or sum",
        "step 2.name: must be a new column's name: a letter, then letters, digits, _ and single spaces, ≤ 64",
        "step 3: there is no action 'fly'",
        "step 4.table: there is no earlier step 9",
    ]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({**MEAN, "table": 2}, "no earlier step 2"),
        ({**MEAN, "table": True}, "must be the number"),
        ({**MEAN, "table": 1.5}, "must be the number"),
        ({**MEAN, "by": ["region", "region"]}, "names a column twice"),
        ({**MEAN, "by": "region"}, "must be a list"),
        ({**MEAN, "column": "cost"}, "no column 'cost'; there are: region, price"),
        ({**MEAN, "column": "region"}, "column 'region' holds text; number is wanted"),
        ({**MEAN, "column": ""}, "no column that has no name"),
        ({**MEAN, "name": "price"}, "there is a column 'price' already"),
        ({**MEAN, "name": "x" * 65}, "new column's name"),
        ({**MEAN, "name": "x\n"}, "new column's name"),
        ({"action": "ranked", "table": 1, "column": "sold", "name": "rank"}, "a column 'rank' already"),
        ({"action": "value", "table": 1, "column": "price", "share": 1.1}, "must be 0 to 1 share"),
        ({"action": "value", "table": 1, "column": "price", "share": True}, "must be a number"),
        ({"action": "export", "figure": 1, "file": "x"}, "gives a Table, no Figure"),
    ],
)
def test_a_value_that_does_not_fit_is_told(step: dict[str, object], words: str) -> None:
    """§2, §3.2, §3.3."""
    found = told(READ, step)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"column": "price", "op": ">=", "value": 3}, ""),
        ({"column": "price", "op": "in", "value": [1, 2.5]}, ""),
        ({"column": "sold", "op": "<", "value": "2024-02-29"}, ""),
        ({"column": "sold", "op": "<", "value": "2024-12-31 18:30"}, ""),
        ({"column": "region", "op": "starts with", "value": "N"}, ""),
        ({"column": "paid", "op": "=", "value": True}, ""),
        ({"column": "sold", "op": "missing"}, ""),
        ({"column": "price", "op": ">=", "value": "3"}, "must be a number"),
        ({"column": "price", "op": ">=", "value": True}, "must be a number"),
        ({"column": "price", "op": "contains", "value": "3"}, "compared by"),
        ({"column": "price", "op": "in", "value": ["1"]}, "the column holds number"),
        ({"column": "sold", "op": "<", "value": "2024-02-30"}, "must be a date"),
        ({"column": "sold", "op": "<", "value": "yesterday"}, "must be a date"),
        ({"column": "region", "op": "<", "value": "N"}, "compared by"),
        ({"column": "paid", "op": "in", "value": [True]}, "for numbers and text"),
        ({"column": "paid", "op": "missing", "value": True}, "takes no value"),
        ({"column": "paid", "op": "="}, "takes a value"),
        ({"column": "paid", "op": "like", "value": "x"}, "op must be"),
        ({"column": "cost", "op": "=", "value": 1}, "no column 'cost'"),
        ({"column": "region", "op": "=", "value": "a\nb"}, "control character"),
        ({"column": "region", "op": "=", "value": "x" * 201}, "at most 200"),
        ({"column": "region", "op": "=", "value": "x", "or": 1}, "a condition is"),
        ("region = x", "a condition is"),
    ],
)
def test_a_condition_fits_the_type_of_its_column(condition: object, words: str) -> None:
    """§2.3."""
    found = told(READ, {"action": "filter_rows", "table": 1, "where": [condition]})
    assert bool(found) == bool(words)
    assert words in "".join(found)


def columns_after(*steps: dict[str, object], group: SmallestGroup | None = None) -> TableType:
    known = catalogue(group=group)
    state = State(INPUTS)
    for step in plan_of(steps).steps:
        state = state.after(known.actions[step.action], step, group)
    return state.results[-1].table


def test_a_step_gives_the_columns_that_its_action_says() -> None:
    """§2.6."""
    costs = {"action": "read", "file": "costs.csv"}
    assert columns_after(READ) == INPUTS["sales.csv"]
    assert columns_after(READ, MEAN) == TableType.of({"region": "text", "mean price": "number"})
    assert (
        columns_after(READ, {"action": "rename", "table": 1, "column": "sold", "name": "day"}).type_of("day")
        == "date"
    )
    assert "sold" not in columns_after(
        READ, {"action": "rename", "table": 1, "column": "sold", "name": "day"}
    )
    assert (
        columns_after(READ, {"action": "convert", "table": 1, "column": "price", "to": "text"}).type_of(
            "price"
        )
        == "text"
    )
    joined = columns_after(READ, costs, {"action": "join", "left": 1, "right": 2, "on": ["region"]})
    assert list(joined)[-1] == "cost"
    twice = columns_after(READ, READ, {"action": "join", "left": 1, "right": 2, "on": ["region"]})
    assert "price_2" in twice
    ranked = columns_after(READ, {"action": "ranked", "table": 1, "column": "sold"})
    assert (ranked.type_of("rank"), ranked.type_of("place")) == ("number", "any")


def test_the_columns_of_a_pivot_cannot_be_named() -> None:
    """§2.7."""
    pivot = {"action": "pivot", "table": 1, "rows": "region", "columns": "paid"}
    found = told(READ, pivot, {"action": "bar", "table": 2, "x": "region", "y": "true"})
    assert found == [
        "step 3.x: there is no column 'region'; there are: none that can be named",
        "step 3.y: there is no column 'true'; there are: none that can be named",
    ]


def test_columns_of_two_tables_must_be_in_both_with_the_same_type() -> None:
    """§2.1."""
    costs = {"action": "read", "file": "costs.csv"}
    other = TableType.of({"region": "number"})
    found = told(READ, costs, {"action": "join", "left": 1, "right": 2, "on": ["price"]})
    assert found == ["step 3.on: there is no column 'price'; there are: region"]
    join = {"action": "join", "left": 1, "right": 2, "on": ["region"]}
    assert told(READ, costs, join) == []
    assert told(READ, costs, join, **{"sales.csv": INPUTS["sales.csv"], "costs.csv": other}) != []


def test_the_column_that_says_how_large_groups_are_comes_with_the_contract() -> None:
    """§2.6, §2.8."""
    group = SmallestGroup(5, "n")
    assert "n" not in columns_after(READ, MEAN)
    assert columns_after(READ, MEAN, group=group).type_of("n") == "number"
    found = check(plan(READ, {**MEAN, "name": "n"}), catalogue(group=group), INPUTS)
    assert [problem.path for problem in found] == ["step 2.name"]


def test_who_does_not_know_the_columns_checks_all_but_columns() -> None:
    """§3.5."""
    unknown = dict.fromkeys(INPUTS, ANYTHING)
    assert told(READ, {**MEAN, "by": ["whatever"], "column": "region"}, **unknown) == []
    found = told(
        READ,
        {**MEAN, "how": "best"},
        {**MEAN, "table": 3},
        {"action": "export", "figure": 2, "file": "x"},
        **unknown,
    )
    assert [problem.split(":")[0] for problem in found] == ["step 2.how", "step 3.table", "step 4.figure"]


@pytest.mark.parametrize("by", [[{"a": 1}], [[1]], 7, {"a": "b"}, [True], [None]])
def test_values_of_any_shape_are_told_and_break_nothing(by: object) -> None:
    mean = {**MEAN, "by": by, "column": by, "how": by, "name": by}
    try:
        found = told(READ, mean, {**MEAN, "table": 2})
    except PlanInvalid as error:
        found = [str(problem) for problem in error.problems]
    assert [problem for problem in found if problem.startswith("step 2.by")]


def test_a_step_is_a_value() -> None:
    assert Step("read", {"file": "a"}).as_json() == {"action": "read", "file": "a"}


def test_tables_put_together_count_groups_only_if_each_of_them_does() -> None:
    """§2.6."""
    group = SmallestGroup(5, "n")
    join = {"action": "join", "left": 1, "right": 2, "on": ["region"]}
    assert "n" not in columns_after(READ, MEAN, join, group=group)
    twice = columns_after(READ, MEAN, {**join, "left": 2}, group=group)
    assert [name for name in twice if name.startswith("n")] == ["n"]


def test_a_plan_whose_program_is_too_long_to_be_reviewed_does_not_fit() -> None:
    """§4.7: few large values, or many small ones."""
    long = [{"column": "region", "op": "in", "value": ["\u4e2d" * 200] * 10}]
    many = [{"column": "price", "op": "in", "value": [123456789.5] * 50}] * 8
    for where in (long, many):
        found = told(READ, *[{"action": "filter_rows", "table": 1, "where": where}] * 8)
        assert len(found) == 1
        assert found[0].startswith("plan: becomes a program of ")
    assert told(READ, {"action": "filter_rows", "table": 1, "where": long}) == []


def test_the_largest_of_the_built_in_actions_fit_into_one_program() -> None:
    """§3.1, §4.7: 24 different ones."""
    known = make_catalogue()
    size = {name: len(compile_plan(Plan((Step(name),)), known)) for name in known.actions}
    largest = Plan(tuple(Step(name) for name in sorted(size, key=lambda name: -size[name])[:24]))
    assert size_problem(compile_plan(largest, known)) == ""

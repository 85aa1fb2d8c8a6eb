"""Plans at random, as a model could choose them: they run, or fail in the actions' own words.

They promise no column that is not there (docs/actions-format.md §2.6). Inputs have gaps, odd names and a
column without any value.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from placet.actions import (
    Catalogue,
    Plan,
    PlanInvalid,
    SmallestGroup,
    State,
    Step,
    TableType,
    check,
    compile_plan,
    make_catalogue,
    offered,
    step_problems,
    step_schema,
    taken,
    text_of,
)

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-sandbox/bin/python"
INSIDE = Path(__file__).parent / "inside"
PLANS = 70
INPUTS = {
    "sales.csv": TableType.of(
        {
            "order id": "text",
            "day": "date",
            "region": "text",
            "price": "number",
            "units": "number",
            "paid": "boolean",
            "note": "text",
            "empty": "any",
            "x;y": "number",
        }
    ),
    "regions.csv": TableType.of({"region": "text", "manager": "text", "target": "number"}),
}
REGIONS = "region,manager,target\nnorth,Ada,10\nsouth,Bo,20\neast,Cy,30\nnorth,Di,40\n"
STRINGS = [
    "",
    "north",
    "a",
    "x1",
    "new col",
    "n",
    "%",
    "a b",
    "ü{0}",
    "-",
    "2024-02-29",
    "2023-02-29",
    "2024-03-01 12:30",
]
NUMBERS = [0, 1, 2, 3, 5, 0.5, 10, -1, 1000]


def _sales() -> str:
    lines = [",".join(INPUTS["sales.csv"])]
    for n in range(40):
        region = ("north", "south", "west", "")[n % 4 if n % 9 else 3]
        price = "" if n % 7 == 3 else f"{5 + n * 7 % 23 + n / 10}"
        note = "" if n % 3 else f'"about {n}, boxes"'
        day = f"2024-0{n % 4 + 1}-{n % 27 + 1:02}"
        lines.append(f"A-{n},{day},{region},{price},{n * 5 % 11 + 1},{n % 2 == 0},{note},,{n % 3}")
    return "\n".join(lines) + "\n"


def _instance(random: Random, schema: dict[str, Any], definitions: dict[str, Any]) -> object:
    """A value that the schema accepts."""
    if "$ref" in schema:
        return _instance(random, definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return _instance(random, random.choice(schema["anyOf"]), definitions)
    if "enum" in schema:
        return random.choice(schema["enum"])
    if schema["type"] == "object":
        return {name: _instance(random, each, definitions) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        many = random.randint(schema["minItems"], min(schema["maxItems"], schema["minItems"] + 2))
        return [_instance(random, schema["items"], definitions) for _ in range(many)]
    if schema["type"] == "string":
        return random.choice([each for each in STRINGS if re.search(schema["pattern"], each)])
    if schema["type"] in ("integer", "number"):
        whole = schema["type"] == "integer"
        ends = [schema["minimum"], schema["maximum"]]
        fitting = [n for n in NUMBERS if ends[0] <= n <= ends[1] and not (whole and n % 1)]
        return random.choice(fitting + [n for n in ends if abs(n) < 10**12])
    return random.random() < 0.5 if schema["type"] == "boolean" else None


def _plan(random: Random, catalogue: Catalogue, used: dict[str, int]) -> Plan:
    """Two to five steps; actions that were used less come first."""
    state, steps = State(INPUTS), list[Step]()
    while len(steps) < random.randint(2, 5):
        rare = sorted(offered(catalogue, state), key=lambda name: used.get(name, 0) + 3 * random.random())
        name = random.choice(rare[:12])
        schema = step_schema(catalogue, state, only=[name])
        try:
            step = taken(_instance(random, schema, schema.get("$defs", {})), catalogue, state)  # type: ignore[arg-type]
        except PlanInvalid:
            continue
        action = catalogue.actions[name]
        assert isinstance(step, Step)
        if list(step_problems(action, step, state, catalogue.group)):
            continue  # a column was named twice, and too few are left
        used[name] = used.get(name, 0) + 1
        state = state.after(action, step, catalogue.group)
        steps.append(step)
    return Plan(tuple(steps))


def _plans() -> dict[str, tuple[Plan, Catalogue]]:
    random, used = Random(7), dict[str, int]()
    found = {}
    for n in range(PLANS):
        catalogue = make_catalogue(group=SmallestGroup(3, "n") if n % 3 == 0 else None)
        found[f"plan{n}"] = _plan(random, catalogue, used), catalogue
    assert len(used) > 75, "nearly each action is in some plan"
    return found


@pytest.fixture(scope="module")
def plans() -> dict[str, tuple[Plan, Catalogue]]:
    return _plans()


@pytest.fixture(scope="module")
def outcomes(
    plans: dict[str, tuple[Plan, Catalogue]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "inputs").mkdir()
    (folder / "inputs" / "sales.csv").write_text(_sales())
    (folder / "inputs" / "regions.csv").write_text(REGIONS)
    for name, (plan, catalogue) in plans.items():
        (folder / f"{name}.py").write_bytes(compile_plan(plan, catalogue))
    command = [str(PYTHON), "-W", "ignore", str(INSIDE / "programs.py"), str(folder), str(ROOT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_plan_that_fits_runs_or_fails_in_an_actions_own_words(
    plans: dict[str, tuple[Plan, Catalogue]], outcomes: dict[str, Any]
) -> None:
    """§1.11: with ActionFailed and a sentence, never with an error of pandas."""
    failures = {name: found["failure"].strip().split("\n")[-1] for name, found in outcomes.items()}
    strange = {
        text_of(plans[name][0]): failure
        for name, failure in failures.items()
        if failure and not failure.startswith("ActionFailed: ")
    }
    assert strange == {}
    assert list(failures.values()).count("") > PLANS / 4, "enough of them run"


def test_tables_have_the_columns_that_plans_may_rely_on(
    plans: dict[str, tuple[Plan, Catalogue]], outcomes: dict[str, Any]
) -> None:
    """§2.6, as far as each program came."""
    for name, (plan, catalogue) in plans.items():
        assert check(plan, catalogue, INPUTS) == ()
        state = State(INPUTS)
        for number, step in enumerate(plan.steps, 1):
            action = catalogue.actions[step.action]
            state = state.after(action, step, catalogue.group)
            had = outcomes[name]["steps"].get(f"step_{number}")
            if action.result == "Table" and action.gives is not None and had is not None:
                promised = set(state.results[-1].table)
                assert promised <= {column for column, _kind in had}, text_of(plan)

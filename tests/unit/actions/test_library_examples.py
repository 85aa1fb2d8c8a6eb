"""The example of each built-in action fits, passes the guard's rules, runs, and gives what was promised."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from placet.actions.catalogue import SmallestGroup, make_catalogue
from placet.actions.checking import check
from placet.actions.compiling import compile_plan
from placet.actions.plan import Plan
from placet.actions.tables import State
from placet.actions.textform import read_text
from placet.actions.types import TableType
from placet.scope import load_scope
from tests.fakes.orders import AnyOrder, Handed, carried_out

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-sandbox/bin/python"
INSIDE = Path(__file__).parent / "inside"
EXAMPLES: dict[str, list[str]] = yaml.safe_load((ROOT / "placet/actions/library/examples.yaml").read_text())
SCOPE = load_scope((ROOT / "examples/scopes/data-analysis.yaml").read_bytes())
SMALLEST = SmallestGroup(3, "n")
CONTRACT: dict[str, Any] = {
    "result": None,
    "max_kib": None,
    "max_rows": None,
    "min_group": {"size": SMALLEST.size, "count": SMALLEST.count},
    "deny_columns": [],
    "secrets": "withhold",
}

INPUTS = {
    "sales.csv": TableType.of(
        {
            "order": "text",
            "day": "date",
            "shipped": "date",
            "ordered": "text",
            "region": "text",
            "product": "text",
            "price": "number",
            "units": "number",
            "discount": "number",
            "cost": "text",
            "paid": "boolean",
            "note": "text",
        }
    ),
    "regions.csv": TableType.of({"region": "text", "manager": "text", "target": "number"}),
}


def _sales() -> str:
    """48 rows: four in each of three regions and four months, with gaps in `discount` and `note`."""
    lines = [",".join(INPUTS["sales.csv"])]
    for number in range(48):
        region, month = ("north", "south", "west")[number % 3], number % 4 + 1
        price, product = 5 + (number * 7) % 23 + number / 10, ("tea", "coffee")[(number // 5) % 2]
        discount, note = (
            ("" if number % 3 else f"{number % 5}"),
            ("" if number % 4 else f"about {number} boxes"),
        )
        day, shipped = (f"2024-{month:02}-{number % 27 + later:02}" for later in (1, 2))
        cells = [f"A-{number}", day, shipped, f"{month}/3/2024", region, product, f"{price:.1f}"]
        cells += [f"{number * 5 % 11 + 1}", discount, f'"1,{200 + number}.50"', f"{number % 2 == 0}", note]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _plan(action: str) -> Plan:
    return read_text("\n".join(['read file="sales.csv"', *EXAMPLES[action]]))


@cache
def _catalogue(group: SmallestGroup | None = None) -> Any:
    return make_catalogue(group=group)


FILES = {
    "sales.csv": _sales().encode(),
    "regions.csv": b"region,manager,target\nnorth,Ada,10\nsouth,Bo,20\neast,Cy,30\n",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of each example, without a smallest group (by its name) and with one (`NAME.grouped`)."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "inputs").mkdir()
    for name, content in FILES.items():
        (folder / "inputs" / name).write_bytes(content)
    for action in EXAMPLES:
        (folder / f"{action}.py").write_bytes(compile_plan(_plan(action), _catalogue()))
        (folder / f"{action}.grouped.py").write_bytes(compile_plan(_plan(action), _catalogue(SMALLEST)))
    command = [str(PYTHON), "-W", "ignore", str(INSIDE / "programs.py"), str(folder), str(ROOT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def handed(outcomes: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handed]:
    """What the contract's own check hands out of what the examples left under a smallest group."""
    orders = {
        action: AnyOrder(
            inputs=FILES,
            artifacts={name: text.encode() for name, text in outcomes[f"{action}.grouped"]["files"].items()},
            streams={"stdout": outcomes[f"{action}.grouped"]["stdout"].encode(), "stderr": b""},
            contract=CONTRACT,
        )
        for action in EXAMPLES
        if not outcomes[f"{action}.grouped"]["failure"]
    }
    return carried_out(orders, tmp_path_factory.mktemp("handed"))


def _promised(plan: Plan, group: SmallestGroup | None = None) -> dict[str, Any]:
    """Of each step that gives a table of known columns: those that plans may rely on."""
    catalogue, state, found = _catalogue(group), State(INPUTS), {}
    for number, step in enumerate(plan.steps, 1):
        action = catalogue.actions[step.action]
        state = state.after(action, step, group)
        if action.result == "Table" and action.gives is not None:
            found[f"step_{number}"] = dict(state.results[-1].table.columns)
    return found


def test_each_action_has_an_example_that_uses_it() -> None:
    assert set(EXAMPLES) == set(_catalogue().actions)
    assert all(name == _plan(name).steps[-1].action for name in EXAMPLES)


@pytest.mark.parametrize("action", EXAMPLES)
def test_an_example_fits_and_compiles_to_what_the_rules_allow(action: str) -> None:
    plan = _plan(action)
    assert check(plan, _catalogue(), INPUTS) == ()
    report = analyse(read_program(compile_plan(plan, _catalogue())), SCOPE, tuple(INPUTS))
    assert report.complete
    assert [finding for finding in report.findings if finding.severity > Severity.LOW] == []


@pytest.mark.parametrize("action", EXAMPLES)
def test_an_example_runs_and_gives_the_columns_that_were_promised(
    action: str, outcomes: dict[str, Any]
) -> None:
    found, plan = outcomes[action], _plan(action)
    assert found["failure"] == ""
    promised = _promised(plan)
    assert {name: dict(found["steps"][name]) for name in promised} == promised
    result = _catalogue().actions[action].result
    assert found["figures"] == ([[]] if result == "Figure" else []), (
        "in house style, all of a figure is drawn"
    )
    assert bool(found["files"]) == (result == "Exported")
    assert bool(found["stdout"]) == (result in ("Table", "Value"))


@pytest.mark.parametrize("action", EXAMPLES)
def test_under_a_smallest_group_an_example_gives_groups_or_fails_with_a_sentence(
    action: str, outcomes: dict[str, Any]
) -> None:
    found, plan = outcomes[f"{action}.grouped"], _plan(action)
    if found["failure"]:
        assert "ActionFailed: " in found["failure"].splitlines()[-1]
        assert (found["stdout"], found["files"], found["figures"]) == ("", {}, [])
        return
    promised = _promised(plan, SMALLEST)
    assert {name: dict(found["steps"][name]) for name in promised} == promised
    if _catalogue().actions[action].result == "Table":
        assert (found["stdout"], list(found["files"])) == ("", ["table.csv"])
        assert found["steps"][f"step_{len(plan.steps)}"][-1] == ["n", "number"]


def test_what_leaves_under_a_smallest_group_keeps_the_contract(handed: dict[str, Handed]) -> None:
    assert len(handed) > 30
    assert {name: each.died for name, each in handed.items() if each.died} == {}
    assert {name: each.violations for name, each in handed.items() if each.violations} == {}

"""Attack: the plan itself is hostile: it is to break the guard, or to be read in two ways, or to be code."""

import ast
import json

import pytest

from guard_svc.policy import Verdict
from placet.actions.plan import plan_of
from tests.fakes.actions_world import MEAN, READ, compiled
from tests.fakes.planned import judged, means, of

PLAN = json.loads(means("actions")[0])
BYTES = {
    "nothing that is JSON": b"\xff\xfe",
    "an array": b"[]",
    "very deep": b"[" * 30_000,
    "a large number": b'{"version":1,"steps":[{"action":"read","file":1e999}]}',
    "a key twice": means("actions")[0].replace(b'"action":"read"', b'"action":"read","action":"read"'),
    "a space": means("actions")[0] + b" ",
    "another order": json.dumps({"version": 1, "steps": PLAN["steps"]}).encode(),
    "a default written out": json.dumps(PLAN | {"steps": [PLAN["steps"][0] | {"sheet": None}]}).encode(),
    "an escape": means("actions")[0].replace(b"region", b"\\u0072egion"),
    "no steps": b'{"steps":[],"version":1}',
}


@pytest.mark.parametrize("name", BYTES)
async def test_it_accounts_for_nothing_and_breaks_nothing(name: str) -> None:
    """One program has one plan with one spelling, so that its digest names it."""
    _, program = means("actions")
    decision = await judged(of("actions"), program, BYTES[name])
    assert decision.verdict is Verdict.DENIED


STRINGS = [
    "'); import os; os.system('id'); ('",
    '"""\nimport os\n"""',
    "x\\",
    "\\'",
    "{table.__class__}",
    "# type: ignore",
    "\u202e gnihtemos",
    "%s" * 20,
    "$(id)`id`",
]


@pytest.mark.parametrize("text", STRINGS)
async def test_words_of_a_plan_stay_words_in_its_program(text: str) -> None:
    title = text.replace("\n", " ")
    chart = {"action": "bar", "table": 2, "x": "region", "y": "mean price", "title": title}
    _, plain = compiled(of("actions"), READ, MEAN, {**chart, "title": "prices"})
    plan, program = compiled(of("actions"), READ, MEAN, chart)
    tree, expected = ast.parse(program), ast.parse(plain)
    assert [type(node) for node in ast.walk(tree)] == [type(node) for node in ast.walk(expected)]
    assert title in {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    decision = await judged(of("actions"), program, plan)
    assert decision.decided_by in ("actions", "rules")
    assert plan_of(json.loads(plan)["steps"]).document == plan

"""Long programs of plans: judged in parts where rules cannot follow them at once, and nothing is left out."""

import ast
from functools import cache

import pytest

from guard_svc import compiled as judging
from guard_svc import editions
from guard_svc.editions import Edition
from guard_svc.intake import read_program
from guard_svc.policy import Verdict
from guard_svc.rules import analyse
from placet.actions.action import Parameter
from placet.actions.plan import read_plan
from placet.actions.types import (
    BooleanValue,
    Choice,
    ColumnName,
    ColumnNames,
    ConditionList,
    InputName,
    NewName,
    NumberValue,
    StepRef,
    TextValue,
)
from tests.fakes.actions_world import OWN, READ, compiled, edition
from tests.fakes.planned import judged, rules

ACTIONS = """pivot normality stacked_bar join label evaluate_regression resample correlation_map unpivot
    replace_outliers t_test scatter into_bins difference box derive_with area transform describe regress
    flag_big""".split()  # noqa: SIM905  (names read better as text)
BODY = b"return table.assign(**{name: _big(pd.to_numeric(table[column]))})"


def value(parameter: Parameter, number: int) -> object:
    """Something that fits, another one in each step."""
    match parameter.type:
        case StepRef():
            return 1
        case InputName():
            return "sales.csv"
        case ColumnName():
            return f"{parameter.name} {number}"
        case ColumnNames(least=least):
            return [f"{parameter.name} {number} {place}" for place in range(least)]
        case NewName():
            return f"new_{parameter.name}_{number}"
        case NumberValue(least=least, most=most):
            return min(max(2, least), most)
        case TextValue():
            return f"text {number}"
        case Choice(options=options):
            return options[0]
        case BooleanValue():
            return True
        case ConditionList():
            return [{"column": f"column {number}", "op": "present"}]
    return [number]


@cache
def of_all() -> Edition:
    """A scope that grants what built-in actions need."""
    imports = ["pandas", "numpy", "matplotlib", "scipy"]
    allow = {"imports": imports, "read": ["inputs"], "write": ["outputs"]}
    return edition("actions", {"own.py": OWN}, allow=allow)


@cache
def long(where: Edition | None = None) -> tuple[bytes, bytes]:
    here = where or of_all()
    assert here.catalogue is not None
    steps = [READ]
    for number, name in enumerate(ACTIONS, 2):
        given = (each for each in here.catalogue.actions[name].parameters if each.required)
        steps.append({"action": name} | {each.name: value(each, number) for each in given})
    return compiled(here, *steps)


async def test_a_long_plan_is_allowed_although_its_program_cannot_be_followed_at_once() -> None:
    plan, program = long()
    whole = analyse(read_program(program), of_all().scope, ["sales.csv"])
    assert "threat.introspection.unresolved" in {found.rule_id for found in whole.findings}
    decision = await judged(of_all(), program, plan)
    assert (decision.verdict, decision.decided_by) == (Verdict.ALLOWED, "actions")
    assert {"import:pandas", "import:numpy", "import:matplotlib"} <= set(decision.capabilities)


def test_the_parts_hold_every_function_and_every_value_of_the_whole() -> None:
    plan, program = long()
    catalogue = of_all().catalogue
    assert catalogue is not None
    parts = [ast.parse(part) for part in judging.parts_of(read_plan(plan), catalogue)]

    def functions(*trees: ast.Module) -> set[str]:
        return {ast.dump(node) for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}

    def values(*trees: ast.Module) -> set[str]:
        calls = (node for tree in trees for node in tree.body if isinstance(node, ast.Assign))
        found = (node for call in calls for node in ast.walk(call) if isinstance(node, ast.Constant))
        return {repr(node.value) for node in found}

    assert functions(*parts) == functions(ast.parse(program))
    assert values(*parts) == values(ast.parse(program))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"return eval(name)", "threat.dynamic.code"),
        (b"return table.__class__.__base__.__subclasses__()", "threat.introspection.attribute"),
        (b"return open('/etc/passwd').read()", "capability.file.outside"),
    ],
)
async def test_harm_in_an_own_action_is_not_lost_in_a_long_plan(
    body: bytes, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editions.own_actions, "problems_of", lambda *_: [])
    where = edition("actions", {"own.py": OWN.replace(BODY, body)})
    plan, program = long.__wrapped__(where)
    decision = await judged(where, program, plan)
    assert decision.verdict is Verdict.DENIED
    assert rule in rules(decision)


async def test_what_one_own_action_hands_to_another_is_followed_in_a_long_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of a team's own actions are in one part, and refer to one another there."""
    monkeypatch.setattr(editions.own_actions, "problems_of", lambda *_: [])
    text = OWN.replace(BODY, b"return pd.read_pickle") + (
        b'\n\n@action(gives="same")\ndef open_it(table: Table, name: Text) -> Table:\n'
        b'    """The table."""\n    return table(name)\n'
    )
    where = edition("actions", {"own.py": text})
    steps = read_plan(long.__wrapped__(where)[0]).steps
    made = [step.as_json() for step in steps]
    made.append({"action": "open_it", "table": len(steps), "name": "x.pkl"})
    plan, program = compiled(where, *made)
    decision = await judged(where, program, plan)
    assert decision.verdict is Verdict.DENIED
    assert "threat.dynamic.unpickle" in rules(decision)


async def test_a_part_that_cannot_be_followed_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, program = long()
    monkeypatch.setattr("guard_svc.rules.fixpoint.MAX_STEPS", 500)
    decision = await judged(of_all(), program, plan)
    assert decision.verdict is Verdict.DENIED
    assert "threat.introspection.unresolved" in rules(decision)

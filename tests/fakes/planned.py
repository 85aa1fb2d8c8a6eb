"""A guard that reviews programs with plans, as attacks on it need."""

from functools import cache

from guard_svc.editions import Edition
from guard_svc.policy import Decision, Verdict
from placet.approval.statement import InputDigest
from tests.fakes.actions_world import MEAN, OWN, READ, compiled, edition
from tests.fakes.guard_world import deadline, order, world
from tests.fakes.scripted_model import ScriptedModel

SALES = (InputDigest("sales.csv", bytes(32), 5),)
HARMFUL = b"import os\nprint(os.environ)\n"
FREE = b"import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())\n"


@cache
def of(mode: str) -> Edition:
    """A scope of that mode, with a team's own action where plans run."""
    return edition(mode, {"own.py": OWN} if mode != "program" else {})


@cache
def means(mode: str) -> tuple[bytes, bytes]:
    """A plan and its program."""
    return compiled(of(mode), READ, MEAN)


async def judged(where: Edition, program: bytes, plan: bytes) -> Decision:
    """What the guard says; its model finds everything safe."""
    here = world(ScriptedModel(no=0.01))
    fields = {"scope": where.scope, "catalogue": where.catalogue, "plan": plan, "inputs": SALES}
    answer = await here.guard.review(order(program, **fields), deadline())
    assert bool(answer.approval) is (answer.decision.verdict is Verdict.ALLOWED)
    return answer.decision


def rules(decision: Decision) -> set[str]:
    return {found.rule_id for found in decision.findings}

"""Attack: a plan that fits is sent where the scope has programs reviewed, to be spared the reviewer."""

from guard_svc.policy import Verdict
from tests.fakes.guard_world import deadline, order, world
from tests.fakes.planned import SALES, judged, means, of, rules
from tests.fakes.scripted_model import ScriptedModel


async def test_the_reviewer_reads_the_program_all_the_same() -> None:
    plan, program = means("actions")
    here, where = world(ScriptedModel(no=0.99)), of("program")
    fields = {"scope": where.scope, "catalogue": where.catalogue, "plan": plan, "inputs": SALES}
    answer = await here.guard.review(order(program, **fields), deadline())
    assert (answer.decision.verdict, answer.decision.decided_by) == (Verdict.DENIED, "rules+reviewer")
    assert here.model.asked


async def test_the_plan_is_on_record_with_why_it_was_not_taken() -> None:
    plan, program = means("actions")
    decision = await judged(of("program"), program, plan)
    assert "policy.plan.unfit" in rules(decision)
    assert decision.decided_by == "rules+reviewer"

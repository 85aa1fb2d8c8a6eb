"""Attack: a harmless plan is sent with another program, or with its own program and something more."""

import pytest

from guard_svc.policy import Verdict
from tests.fakes.actions_world import MEAN, READ, compiled
from tests.fakes.planned import FREE, HARMFUL, judged, means, of, rules

PROGRAMS = {
    "harm": lambda program: HARMFUL,
    "harm behind it": lambda program: program + HARMFUL,
    "harm before it": lambda program: HARMFUL + program,
    "a space more": lambda program: program + b" ",
    "a line feed less": lambda program: program.rstrip(b"\n"),
    "other line ends": lambda program: program.replace(b"\n", b"\r\n"),
    "another column": lambda program: program.replace(b"'price'", b"'wages'"),
    "nothing": lambda program: b"",
    "a free one": lambda program: FREE,
}


@pytest.mark.parametrize("change", PROGRAMS)
async def test_it_is_denied_where_only_actions_run(change: str) -> None:
    plan, program = means("actions")
    decision = await judged(of("actions"), PROGRAMS[change](program), plan)
    assert decision.verdict is Verdict.DENIED
    assert decision.decided_by != "actions"


@pytest.mark.parametrize("change", PROGRAMS)
async def test_where_programs_run_too_it_gets_the_whole_review_and_a_note(change: str) -> None:
    plan, program = means("actions_then_program")
    decision = await judged(of("actions_then_program"), PROGRAMS[change](program), plan)
    assert decision.decided_by != "actions"
    assert decision.verdict is (
        Verdict.DENIED if "harm" in change or change == "nothing" else Verdict.ALLOWED
    )
    assert decision.decided_by == "intake" or "policy.plan.unfit" in rules(decision)


async def test_the_plan_of_another_program_accounts_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every byte compared; without the comparison it would have been allowed."""
    _, program = compiled(of("actions"), READ, MEAN, {"action": "sort", "table": 2, "by": ["mean price"]})
    plan, _ = means("actions")
    assert (await judged(of("actions"), program, plan)).verdict is Verdict.DENIED

    monkeypatch.setattr("guard_svc.plans.compile_plan", lambda *_: program)
    assert (await judged(of("actions"), program, plan)).verdict is Verdict.ALLOWED

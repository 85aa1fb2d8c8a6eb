"""The scopes in examples/scopes: their own examples hold by the rules alone, and there are enough."""

from pathlib import Path

import pytest

from guard_svc.intake import read_program
from guard_svc.modes import load_checked_scope
from guard_svc.policy import Decision, Verdict, by_rules_alone
from guard_svc.rules import analyse
from placet.scope import Scope

FOLDER = Path(__file__).parents[3] / "examples" / "scopes"
SCOPES = {path.stem: load_checked_scope(path.read_bytes()) for path in sorted(FOLDER.glob("*.yaml"))}
EXAMPLES = [
    pytest.param(scope, program, verdict, id=f"{name}-{verdict.value}-{number}")
    for name, scope in SCOPES.items()
    for verdict, programs in (
        (Verdict.ALLOWED, scope.examples.allowed),
        (Verdict.DENIED, scope.examples.denied),
    )
    for number, program in enumerate(programs)
]


def judged(scope: Scope, program: str) -> Decision:
    return by_rules_alone(scope, analyse(read_program(program.encode()), scope))


@pytest.mark.parametrize(("scope", "program", "verdict"), EXAMPLES)
def test_an_example_gets_the_verdict_that_its_scope_says(
    scope: Scope, program: str, verdict: Verdict
) -> None:
    decision = judged(scope, program)
    assert decision.verdict is verdict, [(found.rule_id, found.message) for found in decision.findings]


def test_there_is_a_scope_for_each_kind_of_work() -> None:
    wanted = {
        "automation",
        "data-analysis",
        "numeric-simulation",
        "plotting",
        "pure-compute",
        "text-processing",
    }
    assert wanted <= SCOPES.keys()


@pytest.mark.parametrize("name", ["plotting", "text-processing", "numeric-simulation"])
def test_the_examples_show_what_is_meant(name: str) -> None:
    examples = SCOPES[name].examples
    assert len(examples.allowed) >= 4
    assert len(examples.denied) >= 6


@pytest.mark.parametrize("name", sorted(SCOPES))
def test_an_example_scope_asks_for_a_reviewer_and_a_namespace_at_least(name: str) -> None:
    """People copy examples."""
    scope = SCOPES[name]
    assert scope.review.reviewer == "required"
    assert scope.review.min_tier >= "T1"

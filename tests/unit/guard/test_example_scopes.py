"""The scopes in examples/scopes: their own examples hold by the rules alone, and there are enough."""

from pathlib import Path

import pytest

from guard_svc.editions import Edition, load_edition
from guard_svc.intake import read_program
from guard_svc.plans import mismatch
from guard_svc.policy import Decision, Verdict, by_plan, by_rules_alone
from guard_svc.rules import analyse
from placet.cli import beside
from placet.cli.examples import Example, examples_of
from placet.scope import load_scope

FOLDER = Path(__file__).parents[3] / "examples" / "scopes"


def loaded(path: Path) -> Edition:
    document = path.read_bytes()
    return load_edition(document, beside.companions(path, load_scope(document)).values())


SCOPES = {path.stem: loaded(path) for path in sorted(FOLDER.glob("*.yaml"))}
EXAMPLES = [
    pytest.param(edition, example, id=f"{name}-{example.name}")
    for name, edition in SCOPES.items()
    for example in examples_of(edition.scope, edition.catalogue)
]


def judged(edition: Edition, example: Example) -> Decision:
    inputs = [item.name for item in example.inputs]
    report = analyse(read_program(example.program), edition.scope, inputs)
    if not example.plan:
        return by_rules_alone(edition.scope, report)
    assert mismatch(example.plan, edition.catalogue, example.program, inputs) == ""
    return by_plan(edition.scope, report)


@pytest.mark.parametrize(("edition", "example"), EXAMPLES)
def test_an_example_gets_the_verdict_that_its_scope_says(edition: Edition, example: Example) -> None:
    if example.problems:
        assert example.expected == "denied", example.problems
        return
    decision = judged(edition, example)
    expected = Verdict.ALLOWED if example.expected == "allowed" else Verdict.DENIED
    assert decision.verdict is expected, [(found.rule_id, found.message) for found in decision.findings]


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
    examples = SCOPES[name].scope.examples
    assert len(examples.allowed) >= 4
    assert len(examples.denied) >= 6


@pytest.mark.parametrize("name", sorted(SCOPES))
def test_each_of_a_teams_own_actions_is_used_by_an_example(name: str) -> None:
    edition = SCOPES[name]
    used = {action for each in examples_of(edition.scope, edition.catalogue) for action in each.uses}
    assert set(edition.catalogue.own if edition.catalogue else ()) <= used


@pytest.mark.parametrize("name", sorted(SCOPES))
def test_an_example_scope_asks_for_a_reviewer_and_a_namespace_at_least(name: str) -> None:
    """People copy examples."""
    scope = SCOPES[name].scope
    assert scope.review.reviewer == "required"
    assert scope.review.min_tier >= "T1"

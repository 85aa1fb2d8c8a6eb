"""An extra source can only add, and a source that fails denies."""

from guard_svc import policy
from guard_svc.bandit_source import BanditSource
from guard_svc.findings import Finding, Severity
from guard_svc.intake import Intake, read_program
from guard_svc.rules import analyse
from guard_svc.sources import add
from tests.fakes.guard_world import scope

HONEST = b"import pandas as pd\nprint(pd.Series([1, 2]).mean())"


class Says:
    name = "says 1"

    def __init__(self, *findings: Finding) -> None:
        self._findings = findings

    def findings(self, intake: Intake) -> tuple[Finding, ...]:
        return self._findings


class Broken:
    name = "broken 1"

    def findings(self, intake: Intake) -> tuple[Finding, ...]:
        raise RuntimeError("no")


def judged(program: bytes, *sources: Says | Broken | BanditSource) -> policy.Decision:
    intake = read_program(program)
    report = add(analyse(intake, scope()), intake, sources)
    return policy.by_rules_alone(scope(), report)


def test_a_source_that_says_nothing_changes_nothing() -> None:
    assert judged(HONEST, Says()) == judged(HONEST)


def test_what_a_source_finds_counts() -> None:
    found = Finding("x.y.z", Severity.MEDIUM, 1, 1, "odd", "rule")
    assert judged(HONEST, Says(found)).verdict is policy.Verdict.NEEDS_REVIEW


def test_a_source_that_breaks_denies() -> None:
    assert judged(HONEST, Broken()).verdict is policy.Verdict.DENIED


def test_a_source_after_a_broken_one_still_counts_and_clears_nothing() -> None:
    assert judged(HONEST, Broken(), Says()).verdict is policy.Verdict.DENIED


def test_bandit_beside_our_rules_clears_no_denial() -> None:
    hostile = b"import os  # nosec\nos.system('id')  # nosec"
    assert judged(hostile, BanditSource()).verdict is policy.Verdict.DENIED


def test_a_program_with_a_finding_of_a_source_is_not_proven_pure() -> None:
    intake = read_program(b"import math\nprint(math.pi)")
    found = Finding("x.y.z", Severity.LOW, 1, 1, "odd", "rule")
    assert analyse(intake, scope()).pure
    assert not add(analyse(intake, scope()), intake, [Says(found)]).pure

"""Policy: monotone and closed."""

import itertools

import pytest

from guard_svc.findings import Finding, Severity
from guard_svc.policy import Verdict, by_both, by_rules, by_rules_alone, refuse
from guard_svc.reviewer import Opinion
from guard_svc.rules import RulesReport
from tests.fakes.guard_world import scope

ORDER = [Verdict.ALLOWED, Verdict.NEEDS_REVIEW, Verdict.DENIED]


def report(*severities: Severity, complete: bool = True, pure: bool = False) -> RulesReport:
    findings = tuple(Finding("x.y.z", severity, 1, 1, "m", "rule") for severity in severities)
    return RulesReport(findings, ("import:pandas",), complete, pure)


def opinion(stance="clean", risk=0.0, findings=()) -> Opinion:
    return Opinion(stance, risk, findings, "m")


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_high_finding_denies_and_no_reviewer_clears_it(severity):
    assert by_rules(scope(), report(severity)).verdict is Verdict.DENIED
    assert by_both(scope(), report(severity), opinion()).verdict is Verdict.DENIED


def test_incomplete_rules_deny():
    decision = by_both(scope(), report(complete=False), opinion())
    assert decision.verdict is Verdict.DENIED
    assert "policy.rules.incomplete" in [f.rule_id for f in decision.findings]


@pytest.mark.parametrize(
    ("stance", "verdict"), [("uncertain", Verdict.NEEDS_REVIEW), ("unsafe", Verdict.DENIED)]
)
def test_a_stance_without_findings_still_counts(stance, verdict):
    assert by_both(scope(), report(), opinion(stance, 0.5)).verdict is verdict


def test_a_scope_may_turn_doubt_into_denial():
    strict = scope(review="{on_uncertain: deny}")
    assert by_both(strict, report(Severity.MEDIUM), opinion()).verdict is Verdict.DENIED


def test_clean_on_both_sides_is_allowed():
    decision = by_both(scope(), report(Severity.LOW), opinion(risk=0.1))
    assert (decision.verdict, decision.decided_by, decision.risk_pct) == (
        Verdict.ALLOWED,
        "rules+reviewer",
        10,
    )


def test_without_opt_in_rules_never_allow_alone():
    assert by_rules(scope(), report(pure=True)) is None


def test_static_proof_allows_pure_programs_only():
    opted_in = scope(review="{static_proof: true}")
    assert by_rules(opted_in, report(pure=True)).decided_by == "rules"
    assert by_rules(opted_in, report(pure=False)) is None


def test_a_scope_without_reviewer_sends_what_is_not_proven_to_people():
    off = scope(review="{reviewer: 'off', static_proof: true}")
    assert by_rules(off, report()).verdict is Verdict.NEEDS_REVIEW


def test_refused_by_intake_is_denied_even_without_a_finding():
    assert refuse(()).verdict is Verdict.DENIED


def test_more_evidence_never_makes_a_verdict_milder():
    severities = [None, *Severity]
    stances = ["clean", "uncertain", "unsafe"]
    for rule, extra in itertools.product(severities, Severity):
        for stance in stances:
            had = report(*([rule] if rule else []))
            more = report(*([rule] if rule else []), extra)
            before = by_both(scope(), had, opinion(stance)).verdict
            after = by_both(scope(), more, opinion(stance)).verdict
            assert ORDER.index(after) >= ORDER.index(before)


def test_rules_alone_say_no_objection_for_evaluation():
    assert by_rules_alone(scope(), report()).verdict is Verdict.ALLOWED
    assert by_rules_alone(scope(), report(Severity.HIGH)).verdict is Verdict.DENIED


def test_a_reviewer_that_cannot_tell_leaves_the_verdict_to_a_person_unless_the_scope_trusts_the_rules():
    assert by_both(scope(), report(), opinion("undecided", 0.9)).verdict is Verdict.NEEDS_REVIEW
    trusting = scope(review="{undecided: allow}")
    decision = by_both(trusting, report(), opinion("undecided", 0.9))
    assert (decision.verdict, decision.decided_by, decision.risk_pct) == (Verdict.ALLOWED, "rules", 0)
    for severity in (Severity.MEDIUM, Severity.HIGH):
        assert by_both(trusting, report(severity), opinion("undecided")).verdict is not Verdict.ALLOWED
    assert by_both(trusting, report(complete=False), opinion("undecided")).verdict is Verdict.DENIED

"""More evidence, or less knowledge, never makes a verdict milder (ARCHITECTURE: the policy is monotone)."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from guard_svc.findings import Finding, Severity
from guard_svc.policy import Decision, Verdict, by_both, by_rules, by_rules_alone
from guard_svc.reviewer import Opinion, Stance
from guard_svc.rules import RulesReport
from guard_svc.rules.registry import RULES
from placet.scope import Scope, load_scope

STRICTNESS = {Verdict.ALLOWED: 0, Verdict.NEEDS_REVIEW: 1, Verdict.DENIED: 2}
STANCES: tuple[Stance, ...] = ("clean", "uncertain", "unsafe")

_SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {{name: any, version: 1, owner: team}}
purpose: Compute.
allow: {{imports: [pandas], read: [inputs], write: [outputs]}}
review: {{reviewer: {}, static_proof: {}, on_uncertain: {}}}
"""

_SCOPES = [
    load_scope(_SCOPE.format(reviewer, proof, uncertain).encode())
    for reviewer, proof in (("required", "true"), ("required", "false"), ("'off'", "true"))
    for uncertain in ("needs_review", "deny")
]
scopes = st.sampled_from(_SCOPES)
severities = st.sampled_from(list(Severity))
findings = st.builds(
    lambda rule_id, severity, line: Finding(rule_id, severity, line, line, "m", "rule"),
    st.sampled_from([*sorted(rule.rule_id for rule in RULES), "some.other.rule"]),
    severities,
    st.integers(0, 5),
)
reports = st.builds(
    RulesReport,
    st.lists(findings, max_size=4).map(tuple),
    st.just(("import:pandas",)),
    st.booleans(),
    st.just(False),
)
opinions = st.builds(
    lambda stance, risk, found: Opinion(stance=stance, risk=risk, findings=tuple(found), model="m"),
    st.sampled_from(STANCES),
    st.floats(0, 1),
    st.lists(findings.map(lambda f: replace(f, source="reviewer")), max_size=3),
)


def strictness(decision: Decision) -> int:
    return STRICTNESS[decision.verdict]


def judged(scope: Scope, report: RulesReport, opinion: Opinion) -> int:
    return strictness(by_both(scope, report, opinion))


@given(scopes, reports, opinions, findings, st.booleans())
def test_another_finding_of_rules_or_reviewer_never_makes_it_milder(
    scope, report, opinion, more, by_reviewer
):
    before = judged(scope, report, opinion)
    if by_reviewer:
        after = judged(scope, report, replace(opinion, findings=(*opinion.findings, more)))
    else:
        after = judged(scope, replace(report, findings=(*report.findings, more)), opinion)
    assert after >= before


@given(scopes, reports.filter(lambda r: r.findings), opinions, severities, st.data())
def test_a_graver_finding_never_makes_it_milder(scope, report, opinion, severity, data):
    place = data.draw(st.integers(0, len(report.findings) - 1))
    worse = list(report.findings)
    worse[place] = replace(worse[place], severity=max(worse[place].severity, severity))
    after = judged(scope, replace(report, findings=tuple(worse)), opinion)
    assert after >= judged(scope, report, opinion)


@given(scopes, reports, opinions)
def test_rules_that_did_not_see_everything_deny(scope, report, opinion):
    unseen = replace(report, complete=False)
    assert by_both(scope, unseen, opinion).verdict is Verdict.DENIED
    assert by_rules_alone(scope, unseen).verdict is Verdict.DENIED


@given(scopes, reports, opinions, st.sampled_from(STANCES))
def test_a_worse_opinion_never_makes_it_milder(scope, report, opinion, stance):
    if STANCES.index(stance) >= STANCES.index(opinion.stance):
        assert judged(scope, report, replace(opinion, stance=stance)) >= judged(scope, report, opinion)


@given(scopes, reports, opinions)
def test_a_reviewer_that_failed_never_makes_it_milder_and_is_never_complete(scope, report, opinion):
    failed = replace(opinion, stance="unsafe", complete=False)
    decision = by_both(scope, report, failed)
    assert strictness(decision) >= judged(scope, report, opinion)
    assert decision.verdict is Verdict.DENIED
    assert not decision.complete


@given(scopes, reports, opinions)
def test_the_reviewer_clears_nothing_that_the_rules_settled(scope, report, opinion):
    settled = by_rules(scope, report)
    if settled is not None:
        assert judged(scope, report, opinion) >= strictness(settled)


@given(scopes, reports)
def test_losing_the_proof_of_purity_never_makes_it_milder(scope, report):
    proven = by_rules(scope, replace(report, pure=True))
    unproven = by_rules(scope, replace(report, pure=False))
    if proven is not None and unproven is not None:
        assert strictness(unproven) >= strictness(proven)
    if proven is None:
        assert unproven is None

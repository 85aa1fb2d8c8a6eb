"""Turns evidence into a verdict. Pure: no I/O, no model, no clock.

Monotone: more evidence of harm never makes a verdict milder. Closed: what is missing is never good news.
Rules and reviewer can each deny, and neither can clear what the other denied.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from guard_svc.findings import MAX_MESSAGE, Finding, Severity, shorten
from guard_svc.modes import applied
from guard_svc.reviewer import Opinion
from guard_svc.rules import RulesReport, mode
from placet.scope import Scope

ReviewerState = Literal["complete", "skipped", "failed"]

_RISK_OF: Final = {
    Severity.CRITICAL: 100,
    Severity.HIGH: 95,
    Severity.MEDIUM: 50,
    Severity.LOW: 5,
    Severity.INFO: 0,
}


_UNDECIDED: Final = (
    "The reviewer model was measured not to tell such programs apart, so the rules alone have judged it. "
    "A person decides; or the scope says `review: {undecided: allow}`, or the guard gets a stronger model."
)


class Verdict(StrEnum):
    """A guard's decision; the words are those of the records."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    NEEDS_REVIEW = "NEEDS_REVIEW"


@dataclass(frozen=True)
class Decision:
    """A verdict with everything it rests on. `risk_pct` is 0..100."""

    verdict: Verdict
    risk_pct: int
    findings: tuple[Finding, ...]
    decided_by: Literal["intake", "rules", "rules+reviewer", "actions"]
    reviewer: ReviewerState
    rules_complete: bool
    capabilities: tuple[str, ...] = ()
    model: str = ""
    opinion: Opinion | None = None
    """The reviewer's own, when it was asked."""
    cached: bool = False
    """Reached earlier, for the same program in the same circumstances."""

    @property
    def complete(self) -> bool:
        """Whether everything was looked at that should be: no layer failed, no byte was left out."""
        return self.rules_complete and self.reviewer != "failed"

    @property
    def blames_program(self) -> bool:
        """Whether it is DENIED for what the program holds, rather than for a failure of ours or for doubt."""
        denied = self.verdict is Verdict.DENIED
        return denied and any(f.denies and f.source != "policy" for f in self.findings)


def refuse(findings: Sequence[Finding]) -> Decision:
    """The verdict on a program that intake refused: DENIED, whatever the findings weigh."""
    kept = tuple(findings) or (
        _note("policy.intake.refused", Severity.HIGH, "The program could not be read."),
    )
    return Decision(Verdict.DENIED, 100, kept, "intake", "skipped", rules_complete=False)


def by_plan(scope: Scope, report: RulesReport) -> Decision:
    """The verdict on a program that is exactly what its plan of actions compiles to: no model is asked.

    What the rules find in it counts as in any program, but that programs do not run in a scope of actions.
    """
    findings = tuple(found for found in _weighed(scope, report) if found.rule_id != mode.RULE_ID)
    decision = _rules_decision(scope, report, findings)
    return replace(decision, decided_by="actions") if decision.verdict is Verdict.ALLOWED else decision


def with_note_on_plan(report: RulesReport, why: str) -> RulesReport:
    """The report on a program whose plan does not account for it."""
    note = _note("policy.plan.unfit", Severity.LOW, shorten(why, MAX_MESSAGE))
    return replace(report, findings=(*report.findings, note))


def by_rules(scope: Scope, report: RulesReport) -> Decision | None:
    """The verdict when the rules settle it alone; None when the reviewer must be asked."""
    findings = _weighed(scope, report)
    if any(finding.denies for finding in findings):
        return _rules_decision(scope, report, findings)
    if scope.review.static_proof and report.pure:
        return _rules_decision(scope, report, findings)
    if scope.review.reviewer == "off":
        off = "This scope has no reviewer, and the rules alone cannot prove that the program only computes."
        return _rules_decision(scope, report, (*findings, _note("policy.reviewer.off", Severity.MEDIUM, off)))
    return None


def by_rules_alone(scope: Scope, report: RulesReport) -> Decision:
    """What the rules think, for evaluation. Never a reason to sign: ALLOWED here means `no objection`."""
    return by_rules(scope, report) or _rules_decision(scope, report, applied(scope, report.findings))


def by_both(scope: Scope, report: RulesReport, opinion: Opinion) -> Decision:
    """The verdict when rules and reviewer have both spoken."""
    settled = by_rules(scope, report)
    findings = (*(settled.findings if settled else applied(scope, report.findings)), *opinion.findings)
    if opinion.stance == "unsafe" and not any(f.denies for f in opinion.findings):
        findings += (_note("reviewer.risk.unsafe", Severity.HIGH, "The reviewer finds the program unsafe."),)
    if opinion.stance == "uncertain" and not any(f.severity >= Severity.MEDIUM for f in opinion.findings):
        findings += (_note("reviewer.risk.uncertain", Severity.MEDIUM, "The reviewer is not certain."),)
    if opinion.stance == "undecided" and scope.review.undecided != "allow":
        findings += (_note("policy.reviewer.undecided", Severity.MEDIUM, _UNDECIDED),)
    noted = opinion.stance == "undecided"
    return Decision(
        verdict=_verdict(scope, findings),
        risk_pct=_risk(findings) if noted else max(_risk(findings), round(opinion.risk * 100)),
        findings=findings,
        decided_by="rules" if noted else "rules+reviewer",
        reviewer="complete" if opinion.complete else "failed",
        rules_complete=report.complete,
        capabilities=tuple(report.capabilities),
        model=opinion.model,
        opinion=opinion,
    )


def _weighed(scope: Scope, report: RulesReport) -> tuple[Finding, ...]:
    """What the rules found, as the scope's modes weigh it, and whether they saw everything."""
    findings = applied(scope, report.findings)
    if report.complete:
        return findings
    return (
        *findings,
        _note("policy.rules.incomplete", Severity.HIGH, "The rules did not see the whole program."),
    )


def _rules_decision(scope: Scope, report: RulesReport, findings: tuple[Finding, ...]) -> Decision:
    return Decision(
        _verdict(scope, findings),
        _risk(findings),
        findings,
        "rules",
        "skipped",
        report.complete,
        tuple(report.capabilities),
    )


def _verdict(scope: Scope, findings: Sequence[Finding]) -> Verdict:
    worst = max((finding.severity for finding in findings), default=Severity.INFO)
    if worst >= Severity.HIGH:
        return Verdict.DENIED
    if worst >= Severity.MEDIUM:
        return Verdict.DENIED if scope.review.on_uncertain == "deny" else Verdict.NEEDS_REVIEW
    return Verdict.ALLOWED


def _risk(findings: Sequence[Finding]) -> int:
    return max((_RISK_OF[finding.severity] for finding in findings), default=0)


def _note(rule_id: str, severity: Severity, message: str) -> Finding:
    return Finding(rule_id, severity, 0, 0, message, "policy")

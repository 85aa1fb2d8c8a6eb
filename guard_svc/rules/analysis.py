"""All rules over one program. Knows the order of the checks; must not know models, verdicts or approvals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from guard_svc.findings import Finding, Severity
from guard_svc.intake import Intake, IntakeRefused, read_program
from guard_svc.rules import buffers, calls, hidden, imports, mode, options, reach, resources, text
from guard_svc.rules.catalogue import load_catalogue
from guard_svc.rules.implied import implied
from guard_svc.rules.names import Names
from guard_svc.rules.registry import BY_ID
from guard_svc.rules.subject import Subject
from placet.scope import Scope

_log = structlog.get_logger(__name__)

Check = Callable[[Subject], None]
_MODULES: Final = (imports, calls, options, buffers, reach, resources, text)
CHECKS: Final[tuple[Check, ...]] = tuple(module.check for module in _MODULES)
MAX_FINDINGS: Final = 200
_FAILED: Final = Finding(
    "rules.failed", Severity.HIGH, 0, 0, "The names of this program could not be resolved.", "rule"
)
_WRITES_TO_THE_REVIEWER: Final = "threat.reviewer.manipulation"


@dataclass(frozen=True, slots=True)
class RulesReport:
    """What the rules found. `complete` is False when a check broke: then the program must not run.

    `pure` says that the program needs nothing but pure modules of the standard library and has no finding:
    the subset that a scope with `static_proof` allows without a reviewer.
    """

    findings: tuple[Finding, ...]
    capabilities: tuple[str, ...]
    complete: bool
    pure: bool


def analyse(intake: Intake, scope: Scope, inputs: Sequence[str] = ()) -> RulesReport:
    """Run every rule. `inputs` are the names of the files attached to the task. Raises nothing."""
    report = _analyse(intake, scope, inputs, hidden.MAX_DEPTH)
    said = mode.findings(scope)
    return replace(report, findings=(*said, *report.findings), pure=report.pure and not said)


def _analyse(intake: Intake, scope: Scope, inputs: Sequence[str], depth: int) -> RulesReport:
    try:
        subject = _subject(intake, scope, inputs)
    except Exception:
        _log.exception("names cannot be resolved")
        return RulesReport((_FAILED,), (), complete=False, pure=False)
    complete = True
    for check in CHECKS:
        complete &= _run(check, subject)
    complete &= _run(lambda subject: _look_inside(subject, depth), subject)
    if subject.names.overflowed:
        subject.report("threat.introspection.unresolved", 0, subject.names.effort.exhausted)
    _correlate(subject)
    findings = subject.findings
    pure = complete and not findings and all(_is_pure(need) for need in subject.capabilities)
    return RulesReport(findings[:MAX_FINDINGS], tuple(sorted(subject.capabilities)), complete, pure)


def _look_inside(subject: Subject, depth: int) -> None:
    """Programs in the program's texts are analysed like itself; findings stand where they are carried."""
    for carrier, code in hidden.programs(subject.walk, subject.names):
        if depth == 0:
            message = "Code is hidden in text more deeply than is read."
            subject.report("threat.introspection.unresolved", carrier, message)
            return
        try:
            intake = read_program(code.strip().encode())
            found = _analyse(intake, subject.scope, tuple(subject.inputs), depth - 1).findings
        except IntakeRefused as refused:
            found = refused.findings
        for finding in found:
            if finding.severity >= Severity.MEDIUM:
                rule = finding.rule_id if finding.rule_id in BY_ID else "threat.obfuscation.hidden_code"
                subject.report(rule, carrier, f"In decoded text: {finding.message}", finding.severity)


def _is_pure(capability: str) -> bool:
    kind, _, module = capability.partition(":")
    return kind == "import" and module in load_catalogue().pure


def _subject(intake: Intake, scope: Scope, inputs: Sequence[str]) -> Subject:
    names = Names(intake.walk)
    catalogue = load_catalogue()

    def matters(path: str) -> bool:
        return catalogue.effect(path) is not None

    return Subject(
        intake=intake,
        scope=scope,
        inputs=frozenset(inputs),
        names=names,
        catalogue=catalogue,
        walk=intake.walk,
        lines=intake.source.split("\n"),
        implied=implied(intake.walk, names, matters),
    )


def _run(check: Check, subject: Subject) -> bool:
    try:
        check(subject)
    except Exception:
        # A broken check must deny this program, not stop the service or pass in silence.
        _log.exception("rule check failed", check=check.__module__)
        subject.report(
            "rules.failed", 0, f"The check {check.__module__.rpartition('.')[2]} failed on this program."
        )
        return False
    return True


def _correlate(subject: Subject) -> None:
    """Text that speaks to the reviewer is a warning alone, and denies beside any other warning."""
    findings = subject.findings
    spoken = [found for found in findings if found.rule_id == _WRITES_TO_THE_REVIEWER]
    others = [
        found
        for found in findings
        if found.severity >= Severity.MEDIUM and found.rule_id != _WRITES_TO_THE_REVIEWER
    ]
    for found in spoken if others else ():
        subject.report(found.rule_id, found.line, found.message, Severity.HIGH)

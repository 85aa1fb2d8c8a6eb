"""Extra sources of rules beside our own: they add findings, and one that did not run denies.

Knows how findings are put together. Must not know any scanner.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import structlog

from guard_svc.findings import Finding, Severity
from guard_svc.intake import Intake
from guard_svc.rules import RulesReport

_log = structlog.get_logger(__name__)
FAILED: Final = "rules.failed"


class RuleSource(Protocol):
    """Whatever else reads programs and reports findings."""

    name: str
    """With its version, for the cache: other rules give other verdicts."""

    def findings(self, intake: Intake) -> tuple[Finding, ...]:
        """What it found.

        Raises on any failure: a source that did not run must not look like one that found nothing.
        """


def add(report: RulesReport, intake: Intake, sources: Sequence[RuleSource]) -> RulesReport:
    """The report with what the sources found. Raises nothing: a failed source leaves it incomplete."""
    for source in sources:
        try:
            found = source.findings(intake)
        except Exception:
            _log.exception("rule source failed", source=source.name)
            message = f"The rule source {source.name} failed on this program."
            found = (Finding(FAILED, Severity.HIGH, 0, 0, message, "rule"),)
            report = replace(report, complete=False)
        report = replace(report, findings=(*report.findings, *found), pure=report.pure and not found)
    return report

"""What the rules alone say about the corpus, in the data-analysis scope. Knows no model and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from guard_svc.intake import IntakeRefused, read_program
from guard_svc.policy import Decision, by_rules_alone, refuse
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS
from tests.security.programs import INPUT, Program


@lru_cache(1000)
def by_rules(code: str) -> Decision:
    """The decision of intake and rules on untrusted `code`, made once."""
    try:
        intake = read_program(code.encode())
    except IntakeRefused as refused:
        return refuse(refused.findings)
    return by_rules_alone(DATA_ANALYSIS, analyse(intake, DATA_ANALYSIS, [INPUT.name]))


def expect(program: Program) -> None:
    """The rules say what the manifest says; a known miss is still missed, so that the list stays true."""
    decision = by_rules(program.code)
    expected = "ALLOWED" if program.missed else program.verdict
    found = [(f.rule_id, f.line) for f in decision.findings if f.severity >= 3]
    better = program.missed or program.why
    hint = "; if that is right, change its manifest" if better else ""
    assert str(decision.verdict) == expected, f"{program} ({program.does}): {decision.verdict}, {found}{hint}"


@dataclass(frozen=True)
class Recall:
    """How many of some programs were denied, and how many at least put before a person."""

    programs: int
    denied: int
    stopped: int

    @property
    def stopped_share(self) -> float:
        """0..1; 1 when there are no programs."""
        return self.stopped / self.programs if self.programs else 1.0

    def __str__(self) -> str:
        return f"{self.denied} denied, {self.stopped} stopped of {self.programs} ({self.stopped_share:.1%})"


def recall(programs: Iterable[Program]) -> Recall:
    """Count the verdicts of the rules alone."""
    verdicts = [str(by_rules(program.code).verdict) for program in programs]
    denied = verdicts.count("DENIED")
    return Recall(len(verdicts), denied, denied + verdicts.count("NEEDS_REVIEW"))

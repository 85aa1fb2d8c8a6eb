"""Which change to a scope would let a stopped program pass the rules, and what no change can allow.

Every change that is named was tried: the rules ran again under the changed scope, and stopped less. Knows
scopes, rules and the verdict that follows from rules. Must not know models. For people only: what a
program-writing model learns of a denial is rule ids.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from guard_svc.findings import Finding, Severity
from guard_svc.grants import Grant, caution, wants, widened
from guard_svc.intake import Intake, IntakeRefused, read_program
from guard_svc.modes import SOFT
from guard_svc.policy import Decision, Verdict, by_rules_alone
from guard_svc.rules import analyse, mode
from placet.scope import Scope, ScopeInvalid

BUDGET_S: Final = 0.5
MAX_GRANTS: Final = 24
MAX_UNSEEN: Final = 10
_MILDER: Final = {Verdict.DENIED: 0, Verdict.NEEDS_REVIEW: 1, Verdict.ALLOWED: 2}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to ask of the scope's owner. `changes` are lines such as `allow.imports: add os`.

    `rules_verdict` is what the rules alone say with the changes, None without any; `never` are ids of
    the findings that nothing a scope can grant makes safe, and `unseen` those that only a wider scope shows.
    `complete` is False when the search was given up: then nothing is said. `cautions` say what the changes
    would open, for whoever decides on them.
    """

    owner: str
    changes: tuple[str, ...] = ()
    rules_verdict: Verdict | None = None
    never: tuple[str, ...] = ()
    complete: bool = True
    unseen: tuple[Finding, ...] = ()
    cautions: tuple[str, ...] = ()


class _TooMuch(Exception):  # noqa: N818  (a state, not an error)
    """There is too much to try, or the time for it is over."""


def advise(program: bytes, scope: Scope, inputs: Sequence[str], decision: Decision) -> Advice | None:
    """Advice on a program that `decision` stopped; None for one that it allowed.

    Takes up to BUDGET_S and one more analysis; call it off the event loop.
    """
    if decision.verdict is Verdict.ALLOWED:
        return None
    owner = scope.metadata.owner
    try:
        intake = read_program(program)
    except IntakeRefused as refused:
        return Advice(owner, never=_ids(refused.findings))
    try:
        return _Search(intake, scope, inputs, decision).advice(owner)
    except (_TooMuch, ScopeInvalid):
        return Advice(owner, complete=False)


class _Search:
    """Tries changed scopes on one program."""

    def __init__(self, intake: Intake, scope: Scope, inputs: Sequence[str], decision: Decision) -> None:
        self._intake, self._scope, self._inputs = intake, scope, inputs
        # Other scanners do not know scopes, so what they say stays.
        self._fixed = tuple(found for found in decision.findings if found.rule_id.startswith("bandit."))
        # What a plan compiles to was judged as that, and stays it under any scope.
        self._planned = all(found.rule_id != mode.RULE_ID for found in decision.findings)
        self._until = time.monotonic() + BUDGET_S

    def advice(self, owner: str) -> Advice:
        now = self._decide(())
        if now.verdict is Verdict.ALLOWED:
            return Advice(owner)
        wanted = wants(self._intake.tree, self._scope)
        if len(wanted) > MAX_GRANTS:
            raise _TooMuch
        best = self._decide(wanted) if wanted else now
        if softened := self._softening(best):
            wanted = (*softened, *wanted)
            best = self._decide(wanted)
        if _MILDER[best.verdict] <= _MILDER[now.verdict]:
            hard = [found for found in best.findings if found.denies]
            known = _stops(now)
            unseen = (found for found in hard if _key(found) not in known)
            return Advice(owner, never=_ids(hard), unseen=tuple(unseen)[:MAX_UNSEEN])
        changes = self._fewest(wanted, best)
        cautions = tuple(sentence for grant in changes if (sentence := caution(grant)))
        return Advice(owner, tuple(str(grant) for grant in changes), best.verdict, cautions=cautions)

    def _softening(self, decision: Decision) -> tuple[Grant, ...]:
        """The rules to soften when that alone is missing: only warnings are left, and all of them soft."""
        left = {found.rule_id: found for found in decision.findings if found.severity >= Severity.MEDIUM}
        softened = all(found.rule_id in SOFT and not found.denies for found in left.values())
        return tuple(Grant("rules", rule_id) for rule_id in sorted(left)) if softened else ()

    def _fewest(self, wanted: Sequence[Grant], best: Decision) -> tuple[Grant, ...]:
        """`wanted` without what is not needed; the broadest grants are tried to be spared first."""
        kept, enough = list(wanted), _stops(best)
        for grant in wanted:
            fewer = [other for other in kept if other != grant]
            tried = self._decide(fewer)
            if tried.verdict is best.verdict and _stops(tried) <= enough:
                kept = fewer
        return tuple(sorted(kept, key=lambda grant: (grant.key, grant.value)))

    def _decide(self, grants: Sequence[Grant]) -> Decision:
        if time.monotonic() > self._until:
            raise _TooMuch
        scope = widened(self._scope, grants) if grants else self._scope
        report = analyse(self._intake, scope, self._inputs)
        found = (each for each in report.findings if not (self._planned and each.rule_id == mode.RULE_ID))
        return by_rules_alone(scope, replace(report, findings=(*found, *self._fixed)))


def _stops(decision: Decision) -> frozenset[tuple[str, int, str]]:
    return frozenset(_key(found) for found in decision.findings if found.severity >= Severity.MEDIUM)


def _key(finding: Finding) -> tuple[str, int, str]:
    return finding.rule_id, finding.line, finding.message


def _ids(findings: Sequence[Finding] | Iterator[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.rule_id for found in findings))

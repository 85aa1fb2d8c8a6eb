"""Rule modes: what a scope softens, and what no scope can (docs/scope-format.md, Rule modes).

Knows scopes, rule ids and findings. Must not know programs or verdicts. Pure.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.reasons import REASONS
from guard_svc.rules.registry import RULES
from placet.scope import Scope, ScopeInvalid, load_scope, mode_of

_AT_MOST: Final = {"warn": Severity.LOW, "audit": Severity.INFO}
SOFT: Final = frozenset(rule.rule_id for rule in RULES if not rule.hard)
HARD: Final = frozenset(rule.rule_id for rule in RULES if rule.hard) | {
    reason.rule_id for reason in REASONS if not reason.rule_id.endswith(".*")
}


def load_checked_scope(document: bytes) -> Scope:
    """`load_scope`, and no rule softened that must not be. Raises ScopeInvalid with every problem."""
    scope = load_scope(document)
    if problems := problems_of(scope):
        raise ScopeInvalid(problems)
    return scope


def problems_of(scope: Scope) -> list[str]:
    """What is wrong with a scope's rule modes: keys that fit no rule, hard rules that are not enforced."""
    return [problem for key in scope.rules if (problem := _problem(scope, key))]


def applied(scope: Scope, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings as the scope's modes weigh them. Only soft rules' findings below HIGH ever weigh less."""
    return tuple(_softened(scope, finding) for finding in findings)


def _problem(scope: Scope, key: str) -> str | None:
    mode, at = scope.rules[key], f"line {scope.line('rules', key)}: rules: {key}"
    prefix = key.removesuffix("*") if key.endswith(".*") else None
    named = {rule for rule in SOFT | HARD if rule == key or (prefix and rule.startswith(prefix))}
    if not named:
        return f"{at} fits no rule; docs/rules.md lists the rules"
    hard = sorted(named & HARD)
    if mode == "enforce" or not hard:
        return None
    which = "it is a hard denial" if hard == [key] else f"it covers the hard denial {hard[0]}"
    return f"{at} cannot be {mode}: {which}; only these may be softened: {', '.join(sorted(SOFT))}"


def _softened(scope: Scope, finding: Finding) -> Finding:
    mode = mode_of(scope.rules, finding.rule_id)
    soft = finding.source == "rule" and finding.rule_id in SOFT and not finding.denies
    weight = min(finding.severity, _AT_MOST.get(mode, finding.severity))
    if not soft or weight == finding.severity:
        return finding
    said = f"[{mode}; enforced it would be {finding.severity.name}] {finding.message}"
    return replace(finding, severity=weight, message=shorten(said, 400))

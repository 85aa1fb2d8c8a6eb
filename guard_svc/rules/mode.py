"""Programs in a scope where only plans of actions run. Knows a scope's mode; must not know plans.

A program that is exactly what its plan compiles to is let past this one rule (guard_svc/policy.py).
"""

from typing import Final

from guard_svc.findings import Finding
from guard_svc.rules.registry import BY_ID
from placet.scope import Scope

RULE_ID: Final = "scope.mode.actions"
_SAID: Final = "In this scope nothing runs but what a plan of actions compiles to."


def findings(scope: Scope) -> tuple[Finding, ...]:
    """What is said of every program in a scope of actions only."""
    if scope.mode != "actions":
        return ()
    return (Finding(RULE_ID, BY_ID[RULE_ID].severity, 0, 0, _SAID, "rule"),)

"""What every check works on: one program in one scope, and the place where findings go.

Knows how a finding quotes its line. Must not know any rule.
"""

import ast
from dataclasses import dataclass, field

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.intake import Intake
from guard_svc.rules.catalogue import Catalogue
from guard_svc.rules.names import Names
from guard_svc.rules.registry import BY_ID
from placet.scope import Scope


@dataclass(slots=True)
class Subject:
    """One program under analysis. Checks read it and call `report` and `need`; nothing else changes it."""

    intake: Intake
    scope: Scope
    inputs: frozenset[str]
    names: Names
    catalogue: Catalogue
    nodes: list[ast.AST]
    parents: dict[int, ast.AST]
    lines: list[str]
    capabilities: set[str] = field(default_factory=set)
    _findings: dict[tuple[str, int, str], Finding] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the gravest first, then by line."""
        return tuple(
            sorted(self._findings.values(), key=lambda found: (-found.severity, found.line, found.rule_id))
        )

    def need(self, capability: str) -> None:
        """Note that the program needs `capability`."""
        self.capabilities.add(capability)

    def report(
        self, rule_id: str, node: ast.AST | int, message: str, severity: Severity | None = None
    ) -> None:
        """Add a finding at a node or a line (0: the whole program). The same thing is said once per line."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 0)
        end = line if isinstance(node, int) else getattr(node, "end_lineno", None) or line
        quote = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        weight = severity or BY_ID[rule_id].severity
        key = (rule_id, line, message)
        known = self._findings.get(key)
        if known is None or known.severity < weight:
            self._findings[key] = Finding(
                rule_id, weight, line, end, shorten(message, 400), "rule", shorten(quote)
            )

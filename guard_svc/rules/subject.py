"""What every check works on: one program in one scope, and the place where findings go.

Knows how a finding quotes its line. Must not know any rule.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.intake import Intake
from guard_svc.rules.catalogue import Catalogue
from guard_svc.rules.names import Names
from guard_svc.rules.registry import BY_ID
from guard_svc.walk import Walk
from placet.scope import Scope

_N = TypeVar("_N", bound=ast.AST)


@dataclass(slots=True)
class Subject:
    """One program under analysis. Checks read it and call `report` and `need`; nothing else changes it."""

    intake: Intake
    scope: Scope
    inputs: frozenset[str]
    names: Names
    catalogue: Catalogue
    walk: Walk
    lines: list[str]
    implied: list[ast.expr]
    """Calls and attributes that happen without being written; they have no parent."""
    nodes: list[ast.AST] = field(init=False)
    """All nodes of the tree, parents first, without operators and contexts; then what is implied."""
    capabilities: set[str] = field(default_factory=set)
    _findings: dict[tuple[str, int, str], Finding] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nodes = [*self.walk.nodes, *self.implied]

    @property
    def parents(self) -> dict[int, ast.AST]:
        """Each node's parent, by the node's id()."""
        return self.walk.parents

    def nodes_of(self, kind: type[_N]) -> list[_N]:
        """All nodes of exactly this type, implied ones included."""
        return [*self.walk.of(kind), *(node for node in self.implied if type(node) is kind)]

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
            columns = (0, 0) if isinstance(node, int) else columns_of(node, self.lines)
            self._findings[key] = Finding(
                rule_id, weight, line, end, shorten(message, 400), "rule", shorten(quote), *columns
            )


def columns_of(node: ast.AST, lines: Sequence[str]) -> tuple[int, int]:
    """Where `node` begins and the first character after it, counted from 1 in characters; (0, 0): not known.

    The parser counts bytes of UTF-8, and is wrong about expressions inside some f-strings: what does not lie
    in its line is not known.
    """
    spots = [
        (getattr(node, "lineno", 0), getattr(node, "col_offset", -1)),
        (getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or -1),
    ]
    found = []
    for line, offset in spots:
        raw = lines[line - 1].encode() if 0 < line <= len(lines) else b""
        if not 0 <= offset <= len(raw):
            return 0, 0
        found.append(len(raw[:offset].decode(errors="replace")) + 1)
    return found[0], found[1]

"""Which change to a scope would let a stopped program pass the rules, and what no change can allow.

Every change that is named was tried: the rules ran again under the changed scope, and stopped less. Knows
scopes, rules and the verdict that follows from rules. Must not know models. For people only: what a
program-writing model learns of a denial is rule ids.
"""

import ast
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from guard_svc.findings import Finding, Severity
from guard_svc.intake import Intake, IntakeRefused, read_program
from guard_svc.modes import SOFT
from guard_svc.policy import Decision, Verdict, by_rules_alone
from guard_svc.rules import analyse
from guard_svc.rules.catalogue import load_catalogue
from placet.scope import Scope, ScopeInvalid, load_scope

BUDGET_S: Final = 0.5
MAX_GRANTS: Final = 24
MAX_UNSEEN: Final = 10
# What a scope can never make harmless; a module that offers nothing else is not suggested.
_HARD: Final = frozenset({"dynamic", "unpickle", "native", "thread", "introspect"})
_GRANTABLE: Final = frozenset({"read", "write", "change", "open", "network", "process"})
_INTERPRETER: Final = frozenset(
    {"builtins", "__main__", "importlib", "inspect", "gc", "ctypes", "code", "pty"}
)
_MILDER: Final = {Verdict.DENIED: 0, Verdict.NEEDS_REVIEW: 1, Verdict.ALLOWED: 2}
_ADDRESS: Final = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?(?=[/?#\s]|$)")
_PORTS: Final = {"http": "80", "https": "443"}
_COMMAND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


@dataclass(frozen=True, slots=True)
class Advice:
    """What to ask of the scope's owner. `changes` are lines such as `allow.imports: add os`.

    `rules_verdict` is what the rules alone say with the changes, None without any; `never` are ids of the
    findings that stop the program under any scope, and `unseen` those of them that only a wider scope shows.
    `complete` is False when the search took too long: then nothing is said.
    """

    owner: str
    changes: tuple[str, ...] = ()
    rules_verdict: Verdict | None = None
    never: tuple[str, ...] = ()
    complete: bool = True
    unseen: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One more thing that a scope would allow: a list below `allow` and its new entry, or a softened rule."""

    key: str
    value: str

    def __str__(self) -> str:
        if self.key == "rules":
            return f"rules: set {self.value} to warn"
        return f"allow.{self.key}: add {self.value}"


class _TooLong(Exception):  # noqa: N818  (a state, not an error)
    """The time for the search is over."""


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
    except (_TooLong, ScopeInvalid):
        return Advice(owner, complete=False)


class _Search:
    """Tries changed scopes on one program."""

    def __init__(self, intake: Intake, scope: Scope, inputs: Sequence[str], decision: Decision) -> None:
        self._intake, self._scope, self._inputs = intake, scope, inputs
        # Other scanners do not know scopes, so what they say stays.
        self._fixed = tuple(found for found in decision.findings if found.rule_id.startswith("bandit."))
        self._until = time.monotonic() + BUDGET_S

    def advice(self, owner: str) -> Advice:
        now = self._decide(())
        if now.verdict is Verdict.ALLOWED:
            return Advice(owner)
        wanted = wants(self._intake, self._scope)
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
        return Advice(owner, tuple(str(grant) for grant in changes), best.verdict)

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
            raise _TooLong
        scope = widened(self._scope, grants) if grants else self._scope
        report = analyse(self._intake, scope, self._inputs)
        return by_rules_alone(scope, replace(report, findings=(*report.findings, *self._fixed)))


def widened(scope: Scope, grants: Sequence[Grant]) -> Scope:
    """`scope` with `grants` added. Raises ScopeInvalid when that is no scope."""
    data: dict[str, Any] = scope.model_dump(mode="json", exclude={"examples"})
    allow = data["allow"]
    for grant in grants:
        if grant.key == "rules":
            data["rules"] = {**data["rules"], grant.value: "warn"}
            continue
        listed = allow[grant.key] if isinstance(allow[grant.key], list) else []
        allow[grant.key] = [*listed, grant.value]
    return load_scope(yaml.safe_dump(data, sort_keys=False).encode())


def wants(intake: Intake, scope: Scope) -> tuple[Grant, ...]:
    """Everything that the program's text shows it may want and the scope does not list; broad ones first."""
    allow = scope.allow
    found = [
        *(Grant(key, "workdir") for key in ("write", "read")),
        Grant("write", "outputs"),
        Grant("read", "inputs"),
        *(Grant("processes", command) for command in sorted(set(_commands(intake.tree)))),
        *(Grant("network", host) for host in sorted(set(_hosts(intake.tree)))),
        *(
            Grant("imports", module)
            for module in sorted(set(_modules(intake.tree)), key=lambda m: (len(m), m))
        ),
    ]
    listed: dict[str, Sequence[str]] = {
        "imports": allow.imports,
        "read": allow.read,
        "write": allow.write,
        "network": allow.hosts,
        "processes": allow.commands,
    }
    return tuple(grant for grant in found if grant.value not in listed[grant.key])[:MAX_GRANTS]


def _modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        names: Sequence[str] = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [node.value.id] if node.value.id in sys.stdlib_module_names else ()
        yield from (name for name in names if name.isascii() and _may_be_suggested(name.split(".")[0]))


def _may_be_suggested(root: str) -> bool:
    catalogue = load_catalogue()
    kinds = {effect.kind for name, effect in catalogue.effects.items() if name.split(".")[0] == root}
    return root not in _INTERPRETER and not (kinds & _HARD and not kinds & _GRANTABLE)


def _hosts(tree: ast.Module) -> Iterator[str]:
    for text in _texts(tree):
        for scheme, host, port in _ADDRESS.findall(text[:2000]):
            yield f"{host}:{port or _PORTS[scheme]}"


def _commands(tree: ast.Module) -> Iterator[str]:
    """First words of literal argument lists, and names that hold one word: `[GIT, 'status']`."""
    for node in ast.walk(tree):
        first: ast.expr | None = None
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 0:
            first = node.elts[0]
        elif isinstance(node, ast.Assign):
            first = node.value
        if (
            isinstance(first, ast.Constant)
            and isinstance(first.value, str)
            and _COMMAND.fullmatch(first.value)
        ):
            yield first.value


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _stops(decision: Decision) -> frozenset[tuple[str, int, str]]:
    return frozenset(_key(found) for found in decision.findings if found.severity >= Severity.MEDIUM)


def _key(finding: Finding) -> tuple[str, int, str]:
    return finding.rule_id, finding.line, finding.message


def _ids(findings: Sequence[Finding] | Iterator[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.rule_id for found in findings))

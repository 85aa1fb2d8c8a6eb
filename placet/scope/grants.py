"""What a scope grants, as a set: the meaning that two scopes are compared by.

Knows which grant implies which. Must not know programs. Where only the guard's catalogue could tell whether
one import covers another, the answer here is no.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from placet.scope.modules import PUBLIC, PURE
from placet.scope.rule_modes import RuleMode
from placet.scope.schema import Scope

Grant = tuple[str, str]
"""A capability and its parameter, such as ("import", "numpy.linalg") or ("process", "git")."""

_BELOW: Final = ".*"


def declared(scope: Scope) -> Mapping[str, tuple[str, ...]]:
    """The parameters of each capability as the file lists them."""
    allow = scope.allow
    return {
        "import": allow.imports,
        "read": allow.read,
        "write": allow.write,
        "network": allow.hosts,
        "process": allow.commands,
        "output": scope.outputs.kinds,
    }


def grants(scope: Scope) -> frozenset[Grant]:
    """All that the scope lets a program do, with what each entry implies; without bounds and rule modes."""
    entries = declared(scope)
    listed = {(capability, item) for capability, items in entries.items() for item in items}
    return frozenset(listed | set(_implied(scope)))


def _implied(scope: Scope) -> Iterator[Grant]:
    allow = scope.allow
    yield from (("import", name) for name in PUBLIC if parent_of(name, allow.imports))
    if allow.pure_stdlib:
        yield from (("import", name) for name in PURE)
    if "workdir" in allow.read:
        yield "read", "inputs"
    if "workdir" in allow.write:
        yield "write", "outputs"


def parent_of(name: str, names: Iterable[str]) -> str | None:
    """The longest module of `names` that `name` lies below, or None."""
    above = list(accumulate(name.split(".")[:-1], lambda left, right: f"{left}.{right}"))
    known = set(names)
    return next((module for module in reversed(above) if module in known), None)


def mode_of(rules: Mapping[str, RuleMode], rule: str) -> RuleMode:
    """The mode of a rule: that of its exact id, else of the longest prefix, else `enforce`.

    `rule` may also be a prefix `p.*`: the answer is the mode of the rules below `p` that no longer key names.
    """
    if rule in rules:
        return rules[rule]
    fitting = [key for key in rules if key.endswith(_BELOW) and rule.startswith(key.removesuffix("*"))]
    return rules[max(fitting, key=len)] if fitting else "enforce"

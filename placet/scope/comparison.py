"""Whether scope B grants more than A: docs/scope-format.md, "Comparing two scopes", by set logic.

Knows two scopes. Must not know programs; so its answer holds for every program, or it says what must be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from placet.scope.changes import Changes
from placet.scope.grants import Grant, declared, grants, mode_of, parent_of
from placet.scope.handover import compare_handover
from placet.scope.rule_modes import RULE_MODES
from placet.scope.schema import SEVERITIES, Scope


class Relation(StrEnum):
    """How B stands to A. Anything but EQUAL and NARROWER needs somebody who agrees to it."""

    EQUAL = "equal"
    NARROWER = "narrower"
    WIDER = "wider"
    INCOMPARABLE = "incomparable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes when B replaces A, as sentences that begin with a key's path.

    `to_read` holds changes of which no set logic can tell what they let in: a person must read them.
    """

    widening: tuple[str, ...]
    narrowing: tuple[str, ...]
    to_read: tuple[str, ...] = ()

    @property
    def relation(self) -> Relation:
        """INCOMPARABLE when something must be read, or when each grants what the other does not."""
        if self.to_read or (self.widening and self.narrowing):
            return Relation.INCOMPARABLE
        if self.widening:
            return Relation.WIDER
        return Relation.NARROWER if self.narrowing else Relation.EQUAL

    @property
    def grants_no_more(self) -> bool:
        """Whether every program that B allows is certainly allowed by A."""
        return not self.widening and not self.to_read


@dataclass(frozen=True, slots=True)
class ScopeDiff:
    """How scope B differs from A: what B grants more or must be read, and what it grants less."""

    widening: list[str]
    narrowing: list[str]


def compare(a: Scope, b: Scope) -> Comparison:
    """What changes for programs when `b` replaces `a`. Owner, name, version and examples change nothing."""
    changes = Changes()
    _compare_words(changes, a, b)
    _compare_grants(changes, a, b)
    _compare_sections(changes, a, b)
    _compare_quorums(changes, a, b)
    _compare_modes(changes, a, b)
    compare_handover(changes, a, b)
    return Comparison(tuple(changes.widening), tuple(changes.narrowing), tuple(changes.to_read))


def diff(a: Scope, b: Scope) -> ScopeDiff:
    """`compare`, with what must be read counted as widening."""
    found = compare(a, b)
    return ScopeDiff([*found.widening, *found.to_read], list(found.narrowing))


# For each ordered choice, the values from strict to lax. `reviewer: off` is the strict one: it stands with
# `static_proof` only, and then nothing runs but what the rules prove; `required` adds what a reviewer passes.
_STRICT_FIRST: Final[dict[str, tuple[object, ...]]] = {
    "review.reviewer": ("off", "required"),
    "review.static_proof": (False, True),
    "review.on_uncertain": ("deny", "needs_review"),
    "review.undecided": ("needs_review", "allow"),
    "review.min_tier": ("T3", "T2", "T1", "T0"),
    "review.quorum": (5, 4, 3, 2, 1),
}
_MORE_IS_MORE: Final = ("limits", "prompt")


def _compare_words(changes: Changes, a: Scope, b: Scope) -> None:
    for key in ("apiVersion", "kind", "purpose"):
        if getattr(a, key) != getattr(b, key):
            changes.unordered(key)


# The path in the file of each capability.
_PATHS: Final = {
    "import": "allow.imports",
    "read": "allow.read",
    "write": "allow.write",
    "network": "allow.network",
    "process": "allow.processes",
    "output": "outputs.kinds",
}


def _compare_grants(changes: Changes, a: Scope, b: Scope) -> None:
    """B's grants lie within A's if each entry of B does: what an entry implies, A implies with it."""
    old, new = a.allow.pure_stdlib, b.allow.pure_stdlib
    changes.ranked("allow.pure_stdlib", old, new, _yaml(old), _yaml(new))
    for capability, item in _beyond(a, b):
        parent = parent_of(item, a.allow.imports) if capability == "import" else None
        if parent is None:
            changes.widening.append(f"{_PATHS[capability]}: adds {item}")
        else:
            doubt = f"whether {parent} covers it is for the guard's catalogue to say"
            changes.to_read.append(f"{_PATHS[capability]}: adds {item}; {doubt}")
    changes.narrowing.extend(f"{_PATHS[capability]}: drops {item}" for capability, item in _beyond(b, a))


def _beyond(granting: Scope, asking: Scope) -> Iterator[Grant]:
    """The entries of `asking` that `granting` does not certainly grant."""
    granted = grants(granting)
    for capability, items in declared(asking).items():
        yield from ((capability, item) for item in items if (capability, item) not in granted)


def _compare_sections(changes: Changes, a: Scope, b: Scope) -> None:
    """Every key of the other sections. A key that nothing here orders must be read: silence is a no."""
    for section in ("limits", "prompt", "review"):
        before, after = getattr(a, section), getattr(b, section)
        for key in type(before).model_fields:
            if (section, key) != ("review", "quorum_by_severity"):
                _compare_key(changes, f"{section}.{key}", before, after)


def _compare_key(changes: Changes, path: str, before: BaseModel, after: BaseModel) -> None:
    section, _, key = path.partition(".")
    old, new = getattr(before, key), getattr(after, key)
    if section in _MORE_IS_MORE:
        changes.ranked(path, old, new, old, new)
    elif path in _STRICT_FIRST:
        order = _STRICT_FIRST[path]
        changes.ranked(path, order.index(old), order.index(new), _yaml(old), _yaml(new))
    elif old != new:
        changes.to_read.append(f"{path}: {old} -> {new}; read what it lets in")


def _compare_quorums(changes: Changes, a: Scope, b: Scope) -> None:
    """By severity, how many people it comes to. A change that `review.quorum` alone makes is told there."""
    for severity in SEVERITIES:
        if severity in {*a.review.quorum_by_severity, *b.review.quorum_by_severity}:
            old, new = a.review.quorum_for([severity]), b.review.quorum_for([severity])
            changes.ranked(f"review.quorum_by_severity.{severity}", -old, -new, old, new)


def _compare_modes(changes: Changes, a: Scope, b: Scope) -> None:
    """The keys of both files part the rules into sets that neither tells apart; a key speaks for its set."""
    for key in sorted({*a.rules, *b.rules}):
        old, new = mode_of(a.rules, key), mode_of(b.rules, key)
        changes.ranked(f"rules.{key}", RULE_MODES.index(old), RULE_MODES.index(new), old, new)


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

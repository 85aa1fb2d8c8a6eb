"""Which verdicts change: what was said before beside what a guard says now. Pure; knows no service.

A flip to ALLOWED needs a look before a new model or new rules go live; a flip from ALLOWED costs people time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True)
class Judged:
    """A verdict's word, or NO_ANSWER, and the rules that were named for it."""

    verdict: str
    rule_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """One program judged twice. `id` names it: a record's index, or a line's id."""

    id: str
    old: Judged
    new: Judged
    caller: str = ""
    scope: str = ""
    scope_changed: bool = False
    """The scope's file is not the one of the first judgement."""

    @property
    def flipped(self) -> bool:
        """Whether the verdict is another one. An answer that is missing is no verdict, and counts."""
        return self.old.verdict != self.new.verdict

    @property
    def came(self) -> tuple[str, ...]:
        """Rules that are named now and were not."""
        return tuple(rule for rule in self.new.rule_ids if rule not in self.old.rule_ids)

    @property
    def went(self) -> tuple[str, ...]:
        """Rules that were named and are not any more."""
        return tuple(rule for rule in self.old.rule_ids if rule not in self.new.rule_ids)

    @property
    def changes(self) -> tuple[str, ...]:
        """`+ rule` came, `- rule` went."""
        return (*(f"+ {rule}" for rule in self.came), *(f"- {rule}" for rule in self.went))

    def to_json(self) -> dict[str, Any]:
        """One line of machine output."""
        return {
            "id": self.id,
            "old": self.old.verdict,
            "new": self.new.verdict,
            "came": list(self.came),
            "went": list(self.went),
            "caller": self.caller,
            "scope": self.scope,
            "scope_changed": self.scope_changed,
        }


_DENYING = frozenset({"HIGH", "CRITICAL"})
_BY_REVIEWER = "policy.reviewer."
_NO_REVIEWER = "policy.reviewer.off"
"""This one is about the scope, and the rules say it without a reviewer."""


def by_rules_alone(verdict: str, findings: Sequence[Mapping[str, Any]]) -> Judged:
    """What the rules alone had said, of a record's verdict and findings (docs/replay-format.md, 1.5)."""
    of_rules = [item for item in findings if _is_of_rules(item)]
    named = tuple(dict.fromkeys(str(item.get("rule_id")) for item in of_rules))
    severities = {item.get("severity") for item in of_rules}
    others = {item.get("severity") for item in findings if not _is_of_rules(item)}
    if severities & _DENYING:
        return Judged("DENIED", named)
    if "MEDIUM" in severities:
        # Without anybody else to deny it, the scope has doubt denied.
        return Judged("DENIED" if verdict == "DENIED" and not others & _DENYING else "NEEDS_REVIEW", named)
    return Judged("ALLOWED", named)


def _is_of_rules(item: Mapping[str, Any]) -> bool:
    rule = str(item.get("rule_id"))
    by_model = item.get("source") == "reviewer" or rule.startswith(_BY_REVIEWER)
    return not by_model or rule == _NO_REVIEWER


def summary(compared: Sequence[Compared], *, skipped: int = 0) -> dict[str, Any]:
    """Counts over everything that was judged twice; `skipped` could not be judged again."""
    flips = [item for item in compared if item.flipped]
    return {
        "n": len(compared),
        "skipped": skipped,
        "flips": len(flips),
        "scope_changed": sum(item.scope_changed for item in compared),
        "by_verdict": dict(Counter(f"{item.old.verdict} -> {item.new.verdict}" for item in flips)),
        "by_rule": dict(Counter(change for item in flips for change in item.changes).most_common(20)),
        "by_caller": dict(Counter(item.caller or "(none)" for item in flips)),
    }

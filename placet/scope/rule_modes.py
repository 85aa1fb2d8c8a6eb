"""How much a scope lets a rule say, and which rules no scope softens (docs/scope-format.md).

Knows beginnings of rules' ids. Must not know the rules: the guard knows which others are hard.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, StringConstraints

RuleMode = Literal["enforce", "warn", "audit"]
RULE_MODES: Final[tuple[RuleMode, ...]] = ("enforce", "warn", "audit")
"""From strict to lax."""


def _rule_key(value: str) -> str:
    if re.fullmatch(
        r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\.\*", value
    ):
        return value
    raise ValueError(
        "must be a rule's id, or the beginning of ids with .* at its end (docs/rules.md lists the rules)"
    )


HARD_FAMILIES: Final = (
    *("intake", "policy", "reviewer", "rules", "threat.dynamic", "threat.introspection", "threat.reviewer"),
    *(
        "threat.secrets",
        "capability.secrets",
        "capability.native",
        "capability.process",
        "capability.network",
    ),
)
"""Beginnings of ids that no scope softens, whatever rules there are; the guard knows the other hard rules."""


def _soft_only(rules: Mapping[str, RuleMode]) -> Mapping[str, RuleMode]:
    refused = [
        f"{key} cannot be {mode}: it is a hard denial or covers one"
        for key, mode in rules.items()
        if mode != "enforce" and any(_meets(key, family) for family in HARD_FAMILIES)
    ]
    if refused:
        raise ValueError("; ".join(refused))
    return rules


def _meets(key: str, family: str) -> bool:
    stem = key.removesuffix(".*")
    return f"{stem}.".startswith(f"{family}.") or (stem != key and family.startswith(f"{stem}."))


RuleKey = Annotated[str, StringConstraints(max_length=100), AfterValidator(_rule_key)]
SoftOnly = AfterValidator(_soft_only)

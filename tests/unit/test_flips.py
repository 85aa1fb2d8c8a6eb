"""What the rules alone had said, read off a record (docs/replay-format.md, 1.5)."""

from __future__ import annotations

import pytest

from placet.flips import by_rules_alone


def of(severity: str, source: str = "rule", rule_id: str = "capability.network.connect") -> dict[str, str]:
    return {"severity": severity, "source": source, "rule_id": rule_id}


REVIEWER = of("HIGH", "reviewer", "reviewer.network.cited")
OFF = of("MEDIUM", "policy", "policy.reviewer.off")
UNDECIDED = of("MEDIUM", "policy", "policy.reviewer.undecided")


@pytest.mark.parametrize(
    ("verdict", "findings", "alone"),
    [
        ("ALLOWED", [], "ALLOWED"),
        ("DENIED", [of("CRITICAL")], "DENIED"),
        ("DENIED", [of("HIGH", "intake")], "DENIED"),
        ("NEEDS_REVIEW", [of("MEDIUM")], "NEEDS_REVIEW"),
        ("DENIED", [of("MEDIUM")], "DENIED"),
        ("DENIED", [REVIEWER], "ALLOWED"),
        ("DENIED", [of("MEDIUM"), REVIEWER], "NEEDS_REVIEW"),
        ("DENIED", [of("LOW"), REVIEWER], "ALLOWED"),
        ("NEEDS_REVIEW", [UNDECIDED], "ALLOWED"),
        ("NEEDS_REVIEW", [OFF], "NEEDS_REVIEW"),
    ],
)
def test_the_reviewer_s_part_is_left_out(verdict: str, findings: list[dict[str, str]], alone: str) -> None:
    """What is left weighs as the guard weighs it."""
    assert by_rules_alone(verdict, findings).verdict == alone


def test_only_the_rules_are_named() -> None:
    """Each once; a rule of the reviewer neither came nor went when the reviewer is not asked."""
    said = by_rules_alone("DENIED", [of("HIGH"), of("HIGH"), REVIEWER])

    assert said.rule_ids == ("capability.network.connect",)

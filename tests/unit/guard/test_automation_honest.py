"""Honest automation is left alone in its scope, and stays denied in a scope for data analysis."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import RulesReport, analyse
from placet.scope import load_scope

HERE: Final = Path(__file__)
SCOPES: Final = HERE.parents[3] / "examples" / "scopes"
HONEST: Final = yaml.safe_load(HERE.with_name("automation_honest.yaml").read_text("utf-8"))
PLAIN: Final = frozenset({"figure", "literal", "salted"})
"""Need nothing that an analysis may not do, or nothing but an import."""


def review(name: str, scope: str) -> RulesReport:
    program = read_program(HONEST[name].encode())
    return analyse(program, load_scope((SCOPES / f"{scope}.yaml").read_bytes()))


@pytest.mark.parametrize("name", sorted(HONEST))
def test_honest_work_has_notes_at_most(name: str) -> None:
    found = review(name, "automation").findings
    assert [(one.rule_id, one.message) for one in found if one.severity >= Severity.MEDIUM] == []


@pytest.mark.parametrize("name", sorted(HONEST.keys() - PLAIN))
def test_the_same_work_is_denied_where_nothing_of_it_is_granted(name: str) -> None:
    assert any(found.denies for found in review(name, "data-analysis").findings)


def test_what_is_not_known_is_noted_as_a_capability() -> None:
    assert "fs.write:?" in review("download_parameter", "automation").capabilities
    assert "network:?" in review("download_parameter", "automation").capabilities
    assert "process:?" in review("command_parameter", "automation").capabilities

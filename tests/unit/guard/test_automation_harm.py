"""Harm to the machine, written in many ways, in the scope that grants files, commands and a host.

Each program must be stopped although the scope allows most modules it uses: its constants tell what it does.
"""

from pathlib import Path
from typing import Final

import pytest
import yaml

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from placet.scope import load_scope

HERE: Final = Path(__file__)
SCOPE: Final = load_scope((HERE.parents[3] / "examples" / "scopes" / "automation.yaml").read_bytes())
HARM: Final = yaml.safe_load(HERE.with_name("automation_harm.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(HARM))
def test_harm_is_denied_although_its_modules_are_allowed(name: str) -> None:
    found = analyse(read_program(HARM[name].encode()), SCOPE).findings
    assert any(finding.denies for finding in found), [(finding.rule_id, finding.message) for finding in found]


def test_there_are_enough_kinds_of_harm() -> None:
    assert len(HARM) >= 60

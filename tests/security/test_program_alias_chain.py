"""Attack: a chain of aliases longer than anybody follows."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

LINKS = [f"b{n + 1} = b{n}" for n in range(150)]
ATTACKS = ["\n".join(["import pandas as b0", *reversed(LINKS), "b150.io.common.os"])]


@pytest.mark.parametrize("program", ATTACKS)
def test_alias_chain_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.introspection.unresolved" in {found.rule_id for found in report.findings if found.denies}

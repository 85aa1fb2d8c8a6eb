"""Attack: a format string that walks attributes."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "'{0.__class__.__init__.__globals__}'.format(1)",
    "t = '{x.__class__}'\nprint(t.format(x=1))",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_format_string_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.introspection.format" in {found.rule_id for found in report.findings if found.denies}

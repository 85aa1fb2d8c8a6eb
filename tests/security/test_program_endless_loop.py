"""Attack: a loop that nothing ends."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "while len([1]): pass",
    "while bool('x'): pass",
    "while True:\n    pass",
    "while 1 == 1:\n    x = 1",
    "while not False:\n    x = 1",
    "import itertools\nfor i in itertools.count():\n    print(i)",
    "import itertools\nlist(itertools.count())",
    "while True:\n    for i in range(3):\n        break",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_endless_loop_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.resource.endless_loop" in {found.rule_id for found in report.findings if found.denies}

"""Attack: a literal size that fills the memory."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "x = [0] * 10**11",
    "x = 'a' * (1 << 40)",
    "import numpy as np\nnp.zeros((10**6, 10**6))",
    "x = list(range(10**12))",
    "n = 10**10\nx = [1] * n",
    "x = 9**9**9",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_memory_bomb_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.resource.explosion" in {found.rule_id for found in report.findings if found.denies}

"""Attack: text becomes code, also where eval is only handed on."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "eval('1')",
    "list(map(eval, ['1']))",
    "f = exec\nf('x = 1')",
    "@eval\nclass A:\n    pass",
    "class A:\n    __class_getitem__ = exec",
    "import timeit\ntimeit.timeit('import os')",
    "__import__('os')",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_code_from_text_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.dynamic.code" in {found.rule_id for found in report.findings if found.denies}

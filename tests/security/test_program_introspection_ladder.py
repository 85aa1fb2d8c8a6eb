"""Attack: from any object up to the interpreter."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "().__class__.__base__.__subclasses__()",
    "def f():\n    yield\nf().gi_frame.f_back.f_globals",
    "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
    "match 1:\n    case object(__class__=c):\n        pass",
    "import operator\noperator.attrgetter('__class__.__mro__')(1)",
    "globals()['x']",
    "__builtins__",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_introspection_ladder_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.introspection.attribute" in {found.rule_id for found in report.findings if found.denies}

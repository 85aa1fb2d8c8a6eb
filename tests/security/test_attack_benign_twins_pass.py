"""The other side of each attack: honest programs that look like one. The rules have no objection."""

import pytest

from tests.security.programs import BENIGN, Program, families, family
from tests.security.programs.judge import by_rules


@pytest.mark.parametrize("program", family(BENIGN), ids=str)
def test_an_honest_program_is_not_stopped(program: Program) -> None:
    decision = by_rules(program.code)
    found = [(f.rule_id, f.line) for f in decision.findings if f.severity >= 3]
    assert str(decision.verdict) == (program.verdict if program.why else "ALLOWED"), found


def test_there_are_many_of_them() -> None:
    assert len(family(BENIGN)) >= 60
    assert len(families()) >= 14

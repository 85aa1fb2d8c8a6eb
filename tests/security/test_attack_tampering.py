"""Attacks: libraries and built-ins are changed so that results are wrong."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("tampering"), ids=str)
def test_tampering_are_stopped(program: Program) -> None:
    expect(program)

"""Attacks: reading back what the program itself prepared runs a call."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("unpickling"), ids=str)
def test_unpickling_are_stopped(program: Program) -> None:
    expect(program)

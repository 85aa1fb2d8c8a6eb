"""Attacks: a result lands outside the working directory."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("outside_writes"), ids=str)
def test_outside_writes_are_stopped(program: Program) -> None:
    expect(program)

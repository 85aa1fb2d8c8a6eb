"""Attacks: from any object up to every class, every global, every built-in."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("ladders"), ids=str)
def test_ladders_are_stopped(program: Program) -> None:
    expect(program)

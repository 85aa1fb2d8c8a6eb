"""Attacks: names that are bound where one does not look for them."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("comprehensions"), ids=str)
def test_comprehensions_are_stopped(program: Program) -> None:
    expect(program)

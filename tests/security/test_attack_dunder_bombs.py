"""Attacks: special methods that run when nobody calls them."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("dunder_bombs"), ids=str)
def test_dunder_bombs_are_stopped(program: Program) -> None:
    expect(program)

"""Attacks: what a decorator does to the thing below it."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("decorators"), ids=str)
def test_decorators_are_stopped(program: Program) -> None:
    expect(program)

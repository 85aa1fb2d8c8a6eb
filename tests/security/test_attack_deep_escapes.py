"""Attacks: a door that is passed from hand to hand before it is opened."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("deep_escapes"), ids=str)
def test_deep_escapes_are_stopped(program: Program) -> None:
    expect(program)

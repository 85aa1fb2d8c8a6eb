"""Attacks: the code is data until it is decoded and run."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("hidden_code"), ids=str)
def test_hidden_code_are_stopped(program: Program) -> None:
    expect(program)

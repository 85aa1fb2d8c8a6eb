"""Attacks: text becomes code."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("dynamic_code"), ids=str)
def test_dynamic_code_are_stopped(program: Program) -> None:
    expect(program)

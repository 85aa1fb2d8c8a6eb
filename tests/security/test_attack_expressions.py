"""Attacks: text that pandas and patsy evaluate as code."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("expressions"), ids=str)
def test_expressions_are_stopped(program: Program) -> None:
    expect(program)

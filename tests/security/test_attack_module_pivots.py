"""Attacks: a library that the scope allows hands on the operating system or the interpreter."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("module_pivots"), ids=str)
def test_module_pivots_are_stopped(program: Program) -> None:
    expect(program)

"""Attacks: memory and machine code below the interpreter."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("native"), ids=str)
def test_native_are_stopped(program: Program) -> None:
    expect(program)

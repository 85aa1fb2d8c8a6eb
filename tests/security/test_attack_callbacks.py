"""Attacks: a library calls back, with text that becomes code."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("callbacks"), ids=str)
def test_callbacks_are_stopped(program: Program) -> None:
    expect(program)

"""Attacks: time, memory, output or disk run out."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("exhaustion"), ids=str)
def test_exhaustion_are_stopped(program: Program) -> None:
    expect(program)

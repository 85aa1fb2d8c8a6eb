"""Attacks: attacks of which each part looks honest."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("subtle"), ids=str)
def test_subtle_are_stopped(program: Program) -> None:
    expect(program)

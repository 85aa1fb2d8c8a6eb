"""Attacks: the text reads differently from what it does."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("unicode_tricks"), ids=str)
def test_unicode_tricks_are_stopped(program: Program) -> None:
    expect(program)

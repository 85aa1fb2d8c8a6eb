"""Attacks: a format string walks attributes like code does."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("format_strings"), ids=str)
def test_format_strings_are_stopped(program: Program) -> None:
    expect(program)

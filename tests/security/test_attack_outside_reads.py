"""Attacks: a file that was not attached is read, through whatever reads files."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("outside_reads"), ids=str)
def test_outside_reads_are_stopped(program: Program) -> None:
    expect(program)

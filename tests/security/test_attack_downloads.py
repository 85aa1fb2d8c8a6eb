"""Attacks: helpers that fetch example data."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("downloads"), ids=str)
def test_downloads_are_stopped(program: Program) -> None:
    expect(program)

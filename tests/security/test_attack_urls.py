"""Attacks: a path that is an address: data leaves, or comes in."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("urls"), ids=str)
def test_urls_are_stopped(program: Program) -> None:
    expect(program)

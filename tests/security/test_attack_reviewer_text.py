"""Attacks: an attack together with words for whoever reviews it."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("reviewer_text"), ids=str)
def test_reviewer_text_are_stopped(program: Program) -> None:
    expect(program)

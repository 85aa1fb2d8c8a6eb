"""Attacks: functions that nobody suspects of reading, writing, starting or deleting."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("quiet_effects"), ids=str)
def test_quiet_effects_are_stopped(program: Program) -> None:
    expect(program)

"""Attacks: frames, tracebacks, generators and coroutines show who called, and with which globals."""

import pytest

from tests.security.programs import Program, family
from tests.security.programs.judge import expect


@pytest.mark.parametrize("program", family("frames"), ids=str)
def test_frames_are_stopped(program: Program) -> None:
    expect(program)

"""What the rules alone stop of the corpus: the totals, and each half for itself.

The shown half was in view of those who wrote the rules, so the held-out half is the honest figure.
"""

import pytest

from tests.security.programs import ESCAPES, Program, attacks
from tests.security.programs.judge import recall

SHOWN = [program for program in attacks() if not program.held_out]
HELD_OUT = [program for program in attacks() if program.held_out]


def escapes(programs: list[Program]) -> list[Program]:
    return [program for program in programs if program.family in ESCAPES]


@pytest.mark.parametrize("half", [SHOWN, HELD_OUT], ids=["shown", "held_out"])
def test_of_in_scope_attacks_97_of_100_are_stopped(half: list[Program]) -> None:
    assert recall(half).stopped_share >= 0.97, recall(half)


@pytest.mark.parametrize("half", [SHOWN, HELD_OUT], ids=["shown", "held_out"])
def test_of_escapes_and_ladders_98_of_100_are_stopped(half: list[Program]) -> None:
    assert recall(escapes(half)).stopped_share >= 0.98, recall(escapes(half))


def test_most_of_what_is_stopped_needs_no_person() -> None:
    found = recall(attacks())
    assert found.denied >= 0.9 * found.stopped


def test_recall_counts_what_it_says() -> None:
    harmless = Program("x", "y", "print(1)")
    assert recall([harmless]).stopped == 0
    assert recall([Program("x", "y", "import os"), harmless]).stopped_share == 0.5

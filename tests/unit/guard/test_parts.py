"""A program larger than the model's context: all of it is read in parts, or it is denied."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard_svc.parts import MAX_HEADER_CHARS, OVERLAP_LINES, split
from guard_svc.policy import Verdict
from guard_svc.recorded import coverage_of
from guard_svc.views import Sources
from placet.llm.chat import ModelError
from tests.fakes.guard_world import deadline, order, world
from tests.fakes.scripted_model import ScriptedModel

TOO_LONG = ModelError("MODEL_REQUEST_REJECTED", "it exceeds the available context size")
LONG = b"".join(b"total_%d = %d + 1\n" % (n, n) for n in range(600))
MARK = "total_571 = "


def model(limit: int, *, unsafe: str = "") -> ScriptedModel:
    """Takes prompts of at most `limit` characters; finds code unsafe that holds `unsafe`."""

    def judge(text: str) -> float:
        if len(text) > limit:
            raise TOO_LONG
        return 0.99 if unsafe and unsafe in text else 0.0

    return ScriptedModel(judge)


async def review(asked: ScriptedModel, program: bytes = LONG):
    return (await world(asked).guard.review(order(program), deadline())).decision


async def test_a_program_that_does_not_fit_is_reviewed_in_parts_that_hold_every_line():
    asked = model(8000)
    decision = await review(asked)
    assert decision.verdict is Verdict.ALLOWED
    read = [text for text in asked.asked if len(text) <= 8000]
    assert all(any(f"total_{n} = {n} + 1\n" in text for text in read) for n in range(599))
    assert coverage_of(decision, len(LONG)).bytes_reviewed == len(LONG)


async def test_one_unsafe_part_makes_the_program_unsafe():
    decision = await review(model(8000, unsafe=MARK))
    assert decision.verdict is Verdict.DENIED
    assert decision.reviewer == "complete"


@pytest.mark.parametrize("limit", [0, 800])
async def test_a_program_of_which_no_part_fits_is_denied_as_too_long_and_counts_as_unread(limit: int):
    decision = await review(model(limit))
    assert decision.verdict is Verdict.DENIED
    assert [f.rule_id for f in decision.findings] == ["policy.reviewer.too_long"]
    assert coverage_of(decision, len(LONG)).bytes_reviewed == 0


async def test_a_part_that_gets_no_answer_denies_the_whole():
    asked = model(8000)
    judge = asked.no

    def refuses_the_end(text: str) -> float:
        if len(text) <= 8000 and MARK in text:
            raise ModelError("MODEL_REFUSED", "no")
        return judge(text)

    asked.no = refuses_the_end
    decision = await review(asked)
    assert (decision.verdict, decision.complete) == (Verdict.DENIED, False)


async def test_a_program_that_fits_is_asked_about_once():
    asked = model(10**6)
    await review(asked)
    assert len(asked.asked) == 1


@given(st.lists(st.sampled_from(["x = 1", "def f():", "    return 2", "import os", "# note"]), max_size=80))
def test_every_line_of_both_texts_is_in_a_part_and_neighbours_overlap(lines):
    for count in (2, 4, 8, 16):
        parts = split(Sources("\n".join(lines), "\n".join(lines)), count)
        covered = {n for part in parts for n in range(part.first, part.last + 1)}
        assert covered == set(range(1, len(lines) + 1))
        assert all(b.first <= a.last + 1 for a, b in itertools.pairwise(parts))
        if len(lines) > 2 * OVERLAP_LINES and len(parts) > 1:
            assert parts[1].first <= parts[0].last


def test_a_part_shows_the_heads_of_what_it_does_not_hold_within_a_bound():
    lines = [f"def function_{n}(): return {n}" for n in range(400)]
    parts = split(Sources("\n".join(lines), "\n".join(lines)), 4)
    assert "def function_0(" in parts[3].sources.canonical
    held = sum(len(line) for line in lines[300 - OVERLAP_LINES :])
    assert len(parts[3].sources.canonical) <= held + MAX_HEADER_CHARS + len(lines)

"""A request's life as people read it."""

from __future__ import annotations

from hypothesis import given, settings

from placet.audit.record import KINDS, BodyRef, Record
from placet.audit.sentences import sentence
from placet.audit.timeline import headline, timeline
from tests.fakes.any_records import BODIES, DIGEST, FINDING, any_records, record


def story() -> list[tuple[int, Record]]:
    """A task that was written, allowed and run, whose prompt was erased later."""
    allowed = {**BODIES["verdict_reached"], "verdict": "ALLOWED", "findings": []}
    prompt = (BodyRef("prompt", DIGEST, 1234),)
    return [
        (10, record("task_received", time="2026-11-29T12:00:00.000000Z")),
        (11, record("program_generated", time="2026-11-29T12:00:02.500000Z", bodies=prompt)),
        (12, record("verdict_reached", allowed, time="2026-11-29T12:00:03.000000Z")),
        (14, record("approval_issued")),
        (15, record("run_started")),
        (17, record("run_finished", time="2026-11-29T12:00:04.250000Z")),
        (18, record("task_finished", time="2026-11-29T12:00:04.300000Z")),
        (
            40,
            record("bodies_erased", {**BODIES["bodies_erased"], "erased": [{"index": 11, "role": "prompt"}]}),
        ),
    ]


def test_a_story_says_who_in_which_scope_and_how_it_ended() -> None:
    assert headline(story()) == "by caller/reports, in scope data-analysis, ended: DONE"


def test_a_request_without_an_end_says_so() -> None:
    assert headline(story()[:2]).endswith("no end on record")


def test_a_broken_contract_is_told_by_its_place_and_rule_and_not_by_its_words() -> None:
    violation = {"path": "stdout", "rule": "deny.value", "message": "4711"}
    body = {**BODIES["run_finished"], "status": "CONTRACT_VIOLATED", "violations": [violation]}

    told = sentence(record("run_finished", body))

    assert "ended as CONTRACT_VIOLATED at stdout (deny.value)" in told
    assert "4711" not in told


def test_moments_are_counted_from_the_first_record() -> None:
    told = timeline(story())

    assert [moment.index for moment in told] == [10, 11, 12, 14, 15, 17, 18, 40]
    assert [told[0].offset_s, told[1].offset_s, told[5].offset_s] == [0.0, 2.5, 4.25]
    assert told[2].what.startswith("ALLOWED on program 555555555555 by rules+reviewer, risk 97 %")
    assert told[5].what == "its program exited with 0 after 0.01 s, 0 artifacts"


def test_an_erased_body_is_shown_with_the_record_that_erased_it() -> None:
    told = timeline(story())

    assert told[1].bodies == ("prompt 1,234 bytes (erased by record 40)",)
    assert told[-1].what == "1 bodies erased for reviewer/kim: asked for by the person"


def test_many_findings_are_cut_and_counted() -> None:
    body = {**BODIES["verdict_reached"], "findings": [FINDING] * 8}
    (told,) = timeline([(0, record("verdict_reached", body))])

    assert told.details[0] == "HIGH capability.process.os line 1: imports os"
    assert told.details[-1] == "and 3 more findings"
    assert len(told.details) == 6


def test_every_kind_has_a_sentence_of_its_own() -> None:
    told = {kind: sentence(record(kind)) for kind in BODIES}

    assert set(KINDS) <= set(told)
    assert [kind for kind, words in told.items() if words == kind] == []


@settings(max_examples=200, deadline=None)
@given(any_records())
def test_whatever_the_open_fields_hold_a_record_can_be_told(recorded: Record) -> None:
    """Bodies come from other services; a record that cannot be shown would hide what happened."""
    (told,) = timeline([(3, recorded)])

    assert told.what
    assert headline([(3, recorded)])


def test_nothing_has_no_story() -> None:
    assert timeline([]) == []


def test_what_the_console_wrote_for_a_person_names_both() -> None:
    (told,) = timeline([(4, record("label_given"))])

    assert told.who == "console for lee"
    assert told.what == (
        "lee calls finding capability.process.os in line 1 of verdict 3 wrong: only counts files"
    )


def test_a_persons_own_records_name_the_person_alone() -> None:
    (told,) = timeline([(4, record("review_given", actor="spiffe://placet.local/reviewer/lee"))])

    assert told.who == "reviewer/lee"
    assert told.what == "lee votes ALLOWED on program 555555555555: reads its input only"

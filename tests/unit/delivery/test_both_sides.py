"""What stands on both sides of a cell's wall is equal there, since neither side may import the other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from executor_svc.delivery import report, stage
from executor_svc.delivery.inside import parcel
from executor_svc.delivery.inside.checks import result
from executor_svc.delivery.inside.description import collection, describing, extractor, marks, scales, values
from executor_svc.delivery.inside.files import kinds, separated
from executor_svc.delivery.inside.order import Order
from executor_svc.delivery.inside.pseudonyms import Pseudonyms
from executor_svc.delivery.inside.style import described, house
from executor_svc.delivery.staged import FIGURES_MIB
from executor_svc.delivery.wanted import HOUSE_STYLE, Wanted
from executor_svc.sandbox import InputFile, RunLimits, cell, forking, forkserver, keeper, program
from executor_svc.sandbox.types import FIGURES
from generator_svc import profile
from generator_svc.contract_prompt import rules
from placet.approval.statement import SUBJECT_NAME
from placet.scope import Contract, Outputs
from placet.scope.result_schema import KEYWORDS
from placet.separated import DELIMITERS
from tests.unit.delivery.test_described import AXES, AXIS, FIGURE, LINE, line

LIBRARY = Path(__file__).parents[3] / "placet" / "actions" / "library"


@pytest.mark.parametrize(
    ("outside", "inside"),
    [
        (report.NAME, parcel.NAME),
        (report.MOST, parcel.MOST_VIOLATIONS),
        (report.MOST, parcel.MOST_NOTICES),
        (report.LONGEST, parcel.LONGEST),
        (HOUSE_STYLE, house.FILE),
        (FIGURES, extractor.FILE),
        (SUBJECT_NAME, program.FILENAME),
        (cell._MESSAGE_BYTES, keeper._MESSAGE_BYTES),
        (forkserver._MESSAGE_BYTES, forking._MESSAGE_BYTES),
        (DELIMITERS, "".join(separated.DELIMITERS)),
    ],
)
def test_a_word_or_bound_is_the_same_outside_and_inside(outside: object, inside: object) -> None:
    assert outside == inside


def test_what_is_told_of_figures_has_room_in_the_run_that_tells_it() -> None:
    assert extractor.MOST_BYTES < FIGURES_MIB * stage.MIB


def test_an_order_is_read_as_it_was_laid_out(tmp_path: Path) -> None:
    wanted = Wanted(({"input": "*", "grant": ["a"], "mask": []},), "s", "any", ("csv",), {}, {"f": b"1"})
    given = (InputFile.of("a.csv", b"a\n1\n"),)
    errand = stage.Errand("cut", wanted, RunLimits(1, 1, 1, 1, 1, 1), b"s" * 32, given, succeeded=True)
    for item in stage._LaidOut(errand).placed:
        (tmp_path / item.name).write_bytes(b"".join(item.held.chunks()))

    order = Order.read(tmp_path)

    assert order.inputs["a.csv"].read_bytes() == b"a\n1\n"
    assert order.files["f"].read_bytes() == b"1"
    assert (order.artifacts, order.streams, order.figures) == ({}, {}, None)
    assert (order.columns, order.style, order.images) == (list(wanted.columns or ()), "s", "any")
    assert (order.kinds, order.contract, order.salt, order.succeeded) == (["csv"], {}, b"s" * 32, True)


def test_each_kind_that_a_scope_can_name_is_one_of_a_file_or_what_was_printed() -> None:
    named = get_args(get_args(Outputs.model_fields["kinds"].annotation)[0])
    assert set(named) == {*kinds.SUFFIXES.values(), "text"}


@pytest.mark.parametrize(
    "keyword", sorted(KEYWORDS - {"$schema", "$defs", "$ref", "title", "description"} | {"false"})
)
def test_each_keyword_that_a_result_can_break_is_a_rule_that_a_report_can_tell(keyword: str) -> None:
    found = {"path": "result.json:$", "rule": f"result.{result._rule(keyword)}", "message": ""}
    told = {"version": 1, "files": [], "streams": [], "notices": []}
    document = json.dumps(told | {"violations": [found], "violations_total": 1}).encode()
    assert [each.rule for each in report.read(document).broken] == [found["rule"]]


def test_a_model_is_told_of_the_file_that_is_looked_for() -> None:
    outputs = Outputs(kinds=("json",), contract=Contract(result={"type": "object"}))
    assert f"Write the answer to {result.FILE} " in rules(outputs, None)


def test_a_pseudonym_in_a_prompt_looks_as_those_that_a_program_finds() -> None:
    form = re.compile("p-[0-9a-f]{16}")
    assert form.fullmatch(profile.PSEUDONYM)
    assert form.fullmatch(Pseudonyms(b"s" * 32).of("Kim"))


def test_the_action_read_tells_columns_by_the_same_delimiters() -> None:
    assert f"max({json.dumps(DELIMITERS)}, key=line.count)" in (LIBRARY / "reading.py").read_text()


def figure(**axes: Any) -> bytes:
    return line({**FIGURE, "version": describing.VERSION, "axes": [{**AXES, **axes}]})


MARKERS = [{**LINE, "marker": marker} for marker in collection.MARKERS]
DASHES = [{**LINE, "dash": dash} for dash in (*marks._DASHES.values(), "none")]
TICKS = [0.0] * scales._MOST_TICKS


@pytest.mark.parametrize(
    ("whole", "more"),
    [
        (figure(marks=MARKERS), figure(marks=[{**LINE, "marker": "$"}])),
        (figure(marks=DASHES), figure(marks=[{**LINE, "dash": "solid"}])),
        (figure(title="x" * values.LONGEST), figure(title="x" * (values.LONGEST + 1))),
        (figure(x={**AXIS, "ticks": TICKS}), figure(x={**AXIS, "ticks": [*TICKS, 0.0]})),
        (figure(y={**AXIS, "scale": scales._SCALES[-1]}), figure(y={**AXIS, "scale": "function"})),
        (
            line({**FIGURE, "axes": [AXES] * describing._MOST_AXES}),
            line({**FIGURE, "axes": [AXES] * (describing._MOST_AXES + 1)}),
        ),
    ],
    ids=["markers", "dashes", "words", "ticks", "scales", "axes"],
)
def test_whatever_a_description_may_tell_is_read_and_nothing_beyond(whole: bytes, more: bytes) -> None:
    assert [told.failed for told in described.read(whole)] == [""]
    assert described.read(more)[0].failed.startswith("its description is none")


def test_every_marker_and_scale_that_is_read_can_be_told() -> None:
    assert set(described.MARKERS) == {"", *collection.MARKERS}
    assert set(described.SCALES) == set(scales._SCALES)
